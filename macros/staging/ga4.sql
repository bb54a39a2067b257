{#- The value of one event parameter of the GA4 export, of the field that holds its type. -#}
{% macro ga4_param(key, field) -%}
    {{ list_item(list_where('parsed.event.event_params', 'param', 'param.key = ' ~ sql_text(key)), '1') }}.value.{{ field }}
{%- endmacro %}
