{#- The value of one column in the row where another is greatest. -#}
{% macro value_at_max(value, order_by) -%}
    {{ return(adapter.dispatch('value_at_max', 'footfall')(value, order_by)) }}
{%- endmacro %}

{% macro default__value_at_max(value, order_by) -%}
    max_by({{ value }}, {{ order_by }})
{%- endmacro %}


{#- A quantile of a column between its values: 0.5 is the median. Empty values do not count. -#}
{% macro quantile(column, share) -%}
    {{ return(adapter.dispatch('quantile', 'footfall')(column, share)) }}
{%- endmacro %}

{% macro default__quantile(column, share) -%}
    percentile_cont({{ share }}) within group (order by {{ column }})
{%- endmacro %}

{% macro duckdb__quantile(column, share) -%}
    quantile_cont({{ column }}, {{ share }})
{%- endmacro %}


{#- Several quantiles of a column as a list: its values are kept in memory once. -#}
{% macro quantiles(column, shares) -%}
    {{ return(adapter.dispatch('quantiles', 'footfall')(column, shares)) }}
{%- endmacro %}

{% macro default__quantiles(column, shares) -%}
    percentile_cont(array[{{ shares | join(', ') }}]) within group (order by {{ column }})
{%- endmacro %}

{% macro duckdb__quantiles(column, shares) -%}
    quantile_cont({{ column }}, [{{ shares | join(', ') }}])
{%- endmacro %}


{#- How many different combinations of columns there are. -#}
{% macro count_distinct(columns) -%}
    {{ return(adapter.dispatch('count_distinct', 'footfall')(columns)) }}
{%- endmacro %}

{% macro default__count_distinct(columns) -%}
    count(distinct {{ columns | join(', ') }})
{%- endmacro %}

{% macro duckdb__count_distinct(columns) -%}
    count(distinct ({{ columns | join(', ') }}))
{%- endmacro %}
