{#- What to do with a CTE that is read more than once. Databases decide that by themselves; where one decides badly, its
    hint is here, and none for the others. -#}

{#- Between `as` and the bracket of a CTE: read again by each reader, so that each filters it for itself. -#}
{% macro read_each_time() -%}
    {{ return(adapter.dispatch('read_each_time', 'footfall')()) }}
{%- endmacro %}

{% macro default__read_each_time() -%}{%- endmacro %}

{% macro duckdb__read_each_time() -%}
    not materialized
{%- endmacro %}


{#- Between `as` and the bracket of a CTE: computed once and kept for all of its readers. -#}
{% macro read_once() -%}
    {{ return(adapter.dispatch('read_once', 'footfall')()) }}
{%- endmacro %}

{% macro default__read_once() -%}{%- endmacro %}

{% macro duckdb__read_once() -%}
    materialized
{%- endmacro %}


{#- A value that is costly to compute and read in many places: computed once for each row. DuckDB pushes a filter down to
    where its columns are made, and there writes out each of them in full, as often as it is read; what is volatile it
    leaves where it is. -#}
{% macro computed_once(expression) -%}
    {{ return(adapter.dispatch('computed_once', 'footfall')(expression)) }}
{%- endmacro %}

{% macro default__computed_once(expression) -%}
    {{ expression }}
{%- endmacro %}

{% macro duckdb__computed_once(expression) -%}
    case when random() < 2e0 then {{ expression }} end
{%- endmacro %}


{#- Numbers of the rows of a CTE that is read once, to join what is made of it: faster than by ids. Where a database may read
    the CTE again for each reader, the numbers follow a key, so that they are the same each time. -#}
{% macro row_numbers(key) -%}
    {{ return(adapter.dispatch('row_numbers', 'footfall')(key)) }}
{%- endmacro %}

{% macro default__row_numbers(key) -%}
    row_number() over (order by {{ key }})
{%- endmacro %}

{% macro duckdb__row_numbers(key) -%}
    row_number() over ()
{%- endmacro %}
