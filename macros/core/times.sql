{#- Times are TIMESTAMPTZ and sessions run in UTC. On DuckDB the calendar functions of that type go through ICU, which
    costs 10 to 30 times what the same on whole microseconds costs; these macros say the same without it. -#}

{#- The day of a time, in UTC. -#}
{% macro utc_date(expression) -%}
    {{ return(adapter.dispatch('utc_date', 'footfall')(expression)) }}
{%- endmacro %}

{% macro default__utc_date(expression) -%}
    cast({{ expression }} as date)
{%- endmacro %}

{% macro duckdb__utc_date(expression) -%}
    (date '1970-01-01' + cast(floor(epoch_us({{ expression }}) / 86400000000.0) as integer))
{%- endmacro %}


{#- Whole days from one day to a later one. -#}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'footfall')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') }}
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}


{#- Seconds from one time to a later one, with fractions. -#}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'footfall')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    extract(epoch from {{ later }} - {{ earlier }})
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    ((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0)
{%- endmacro %}


{#- The first day of the month of a time, in UTC. -#}
{% macro utc_month(expression) -%}
    cast({{ dbt.date_trunc('month', utc_date(expression)) }} as date)
{%- endmacro %}
