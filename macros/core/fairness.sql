{#- An attribute of a customer that groups are made of, as text; empty where it is not known. -#}
{% macro customer_attribute(attribute, customers, day) -%}
    {%- if attribute.startswith('attributes.') -%}
        nullif(trim({{ json_text(customers ~ '.attributes', '$."' ~ attribute[11:] ~ '"') }}), '')
    {%- elif attribute == 'age_band' -%}
        {{ age_band(customers ~ '.birth_year', day) }}
    {%- else -%}
        nullif(trim(cast({{ customers }}.{{ sql_name(attribute) }} as string)), '')
    {%- endif -%}
{%- endmacro %}
