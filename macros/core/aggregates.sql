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

{% macro spark__quantile(column, share) -%}
    percentile({{ column }}, {{ share }})
{%- endmacro %}


{#- One of several quantiles that are asked for of the same column, by its number from 1 on. Where a database can, it
    keeps the values in memory once for all of them. -#}
{% macro quantile_of(column, shares, number) -%}
    {{ return(adapter.dispatch('quantile_of', 'footfall')(column, shares, number)) }}
{%- endmacro %}

{% macro default__quantile_of(column, shares, number) -%}
    {{ footfall.quantile(column, shares[number - 1]) }}
{%- endmacro %}

{% macro duckdb__quantile_of(column, shares, number) -%}
    quantile_cont({{ column }}, [{{ shares | join(', ') }}])[{{ number }}]
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


{#- True when a condition holds in any row of a group or window, false when in none; empty when it is nowhere known. -#}
{% macro any_of(condition) -%}
    {{ return(adapter.dispatch('any_of', 'footfall')(condition)) }}
{%- endmacro %}

{% macro default__any_of(condition) -%}
    bool_or({{ condition }})
{%- endmacro %}


{#- True when a condition holds in every row of a group or window where it is known. -#}
{% macro all_of(condition) -%}
    {{ return(adapter.dispatch('all_of', 'footfall')(condition)) }}
{%- endmacro %}

{% macro default__all_of(condition) -%}
    bool_and({{ condition }})
{%- endmacro %}


{#- The newest value of a window that is not empty: an `over` follows. -#}
{% macro last_known(value) -%}
    {{ return(adapter.dispatch('last_known', 'footfall')(value)) }}
{%- endmacro %}

{% macro default__last_known(value) -%}
    last_value({{ value }} ignore nulls)
{%- endmacro %}

{% macro spark__last_known(value) -%}
    last_value({{ value }}) ignore nulls
{%- endmacro %}


{#- The value of a group in which it is known once at the most. -#}
{% macro only_known(value) -%}
    {{ return(adapter.dispatch('only_known', 'footfall')(value)) }}
{%- endmacro %}

{% macro default__only_known(value) -%}
    any_value({{ value }})
{%- endmacro %}

{#- Spark takes an empty value as well as another, unless it is excluded. -#}
{% macro spark__only_known(value) -%}
    any_value({{ value }}, true)
{%- endmacro %}


{#- The value of one column in the row where another is least, empty if it is empty there. Rows where the other is empty
    do not count. -#}
{% macro value_at_min(value, order_by) -%}
    {{ return(adapter.dispatch('value_at_min', 'footfall')(value, order_by)) }}
{%- endmacro %}

{% macro default__value_at_min(value, order_by) -%}
    min_by({{ value }}, {{ order_by }})
{%- endmacro %}

{% macro duckdb__value_at_min(value, order_by) -%}
    arg_min_null({{ value }}, {{ order_by }})
{%- endmacro %}
