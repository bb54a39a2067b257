{#- Stops the run at customers of whom none has an attribute that var `fairness_attributes` names. The check of the
    configuration knows this of sources whose attributes are always the same; of others, the rows decide. -#}
{% macro refuse_unknown_attributes() %}
    {% if not execute or 'attributes.' not in var('fairness_attributes') | join(' ') %}
        {% do return('') %}
    {% endif %}
    {% if query_value('select count(*) from ' ~ this) %}
        {% set known = run_query(names_of_fields('attributes', this)).columns[0].values() | list %}
        {% do ask_program('refuse_unknown_attributes', {'names': var('fairness_attributes'), 'known': known}) %}
    {% endif %}
{% endmacro %}


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
