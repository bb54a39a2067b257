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


{#- A row for each feature of a row, its name and amount: the columns of a model that begin with `f_`, where they are
    known. `relation` holds them, and `is_now`. -#}
{% macro each_feature(relation, model_name) -%}
    {{ return(adapter.dispatch('each_feature', 'footfall')(relation, model_name)) }}
{%- endmacro %}

{% macro default__each_feature(relation, model_name) -%}
    {%- set columns = graph.nodes['model.footfall.' ~ model_name].columns if execute else ['f_order_days'] -%}
    {%- for column in columns | sort if column.startswith('f_') %}
    {%- if not loop.first %}
    union all
    {% endif -%}
    select
        '{{ column }}' as feature,
        {{ column }} as amount,
        is_now
    from {{ relation }}
    where {{ column }} is not null
    {%- endfor %}
{%- endmacro %}

{% macro duckdb__each_feature(relation, model_name) -%}
    unpivot (select * from {{ relation }}) on columns('^f_') into name feature value amount
{%- endmacro %}
