{#- A column that repeats the row once for each value of a list. -#}
{% macro each_of(list) -%}
    {{ return(adapter.dispatch('each_of', 'footfall')(list)) }}
{%- endmacro %}

{% macro default__each_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__each_of(list) -%}
    explode({{ list }})
{%- endmacro %}


{#- A column that repeats the row with the numbers from 1 to a last one, which is 1 or more. -#}
{% macro each_number(last) -%}
    {{ return(adapter.dispatch('each_number', 'footfall')(last)) }}
{%- endmacro %}

{% macro default__each_number(last) -%}
    unnest(range(1, {{ last }} + 1))
{%- endmacro %}

{% macro spark__each_number(last) -%}
    explode(sequence(1, {{ last }}))
{%- endmacro %}


{#- A column that repeats the row with each first of a month, from one day on to the last one that is not after another
    day. -#}
{% macro each_month(first, last) -%}
    {{ return(adapter.dispatch('each_month', 'footfall')(first, last)) }}
{%- endmacro %}

{% macro default__each_month(first, last) -%}
    cast(unnest(generate_series(cast({{ first }} as date), cast({{ last }} as date), interval 1 month)) as date)
{%- endmacro %}

{% macro spark__each_month(first, last) -%}
    explode(sequence(cast({{ first }} as date), cast({{ last }} as date), interval 1 month))
{%- endmacro %}
