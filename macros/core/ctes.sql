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
