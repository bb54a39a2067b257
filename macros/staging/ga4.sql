{#- The value of one event parameter of the GA4 export, of the field that holds its type. -#}
{% macro ga4_param(key, field) -%}
    list_filter(parsed.event.event_params, lambda param: param.key = {{ sql_text(key) }})[1].value.{{ field }}
{%- endmacro %}
