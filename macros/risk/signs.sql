{#- The names whose conditions hold, with commas between them; null where none does. `names` is a dict of names and
    conditions in SQL. -#}
{% macro names_where(names) -%}
    nullif(concat_ws(
            ', '
            {%- for name, condition in names.items() %},
            case when {{ condition }} then '{{ name }}' end
            {%- endfor %}
        ), '')
{%- endmacro %}
