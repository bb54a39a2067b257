{#- The number of the fifth that a rank from 0 to 1 falls into, 1 to 5. -#}
{% macro fifth_of(rank) -%}
    cast(case when {{ rank }} < 1e0 then 1 + floor({{ rank }} * 5e0) else 5 end as integer)
{%- endmacro %}
