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


{#- A list of values that are given as SQL. -#}
{% macro list_of(values) -%}
    {{ return(adapter.dispatch('list_of', 'footfall')(values)) }}
{%- endmacro %}

{% macro default__list_of(values) -%}
    [{{ values | join(', ') }}]
{%- endmacro %}

{% macro spark__list_of(values) -%}
    array({{ values | join(', ') }})
{%- endmacro %}


{#- How many values a list has; empty where there is no list. -#}
{% macro list_length(list) -%}
    {{ return(adapter.dispatch('list_length', 'footfall')(list)) }}
{%- endmacro %}

{% macro default__list_length(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__list_length(list) -%}
    array_size({{ list }})
{%- endmacro %}


{#- A value of a list by its number from 1 on; empty where the list is shorter. -#}
{% macro list_item(list, number) -%}
    {{ return(adapter.dispatch('list_item', 'footfall')(list, number)) }}
{%- endmacro %}

{% macro default__list_item(list, number) -%}
    {{ list }}[{{ number }}]
{%- endmacro %}

{% macro spark__list_item(list, number) -%}
    try_element_at({{ list }}, {{ number }})
{%- endmacro %}


{#- The values of a list for which a condition holds, which calls each of them `name`. -#}
{% macro list_where(list, name, condition) -%}
    {{ return(adapter.dispatch('list_where', 'footfall')(list, name, condition)) }}
{%- endmacro %}

{% macro default__list_where(list, name, condition) -%}
    list_filter({{ list }}, lambda {{ name }}: {{ condition }})
{%- endmacro %}

{% macro spark__list_where(list, name, condition) -%}
    filter({{ list }}, {{ name }} -> {{ condition }})
{%- endmacro %}


{#- One field of the records of a list, as a list. -#}
{% macro list_of_fields(list, field) -%}
    {{ return(adapter.dispatch('list_of_fields', 'footfall')(list, field)) }}
{%- endmacro %}

{% macro default__list_of_fields(list, field) -%}
    list_transform({{ list }}, lambda record: record.{{ field }})
{%- endmacro %}

{% macro spark__list_of_fields(list, field) -%}
    {{ list }}.{{ field }}
{%- endmacro %}


{#- The sum of an expression over the values of a list, which it calls `name`; what is empty does not count, and the sum
    of nothing is empty. -#}
{% macro list_total(list, name, expression) -%}
    {{ return(adapter.dispatch('list_total', 'footfall')(list, name, expression)) }}
{%- endmacro %}

{% macro default__list_total(list, name, expression) -%}
    list_sum(list_transform({{ list }}, lambda {{ name }}: {{ expression }}))
{%- endmacro %}

{% macro spark__list_total(list, name, expression) -%}
    aggregate(
        transform({{ list }}, {{ name }} -> cast({{ expression }} as double)),
        cast(null as double),
        (total, amount) -> coalesce(total + amount, total, amount)
    )
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


{#- The type of a list of numbers such as a model makes of a picture: single precision is enough for them. -#}
{% macro vector_type() -%}
    {{ return(adapter.dispatch('vector_type', 'footfall')()) }}
{%- endmacro %}

{% macro default__vector_type() -%}
    float[]
{%- endmacro %}

{% macro spark__vector_type() -%}
    array<float>
{%- endmacro %}


{#- A list of finite numbers, from a list or from its JSON text; empty where it is none, or holds none. -#}
{% macro vector_of(value) -%}
    {{ return(adapter.dispatch('vector_of', 'footfall')(value)) }}
{%- endmacro %}

{% macro default__vector_of(value) -%}
    {%- set numbers = 'try_cast(' ~ value ~ ' as ' ~ vector_type() ~ ')' -%}
    case
            when len({{ numbers }}) > 0 and list_bool_and(list_transform({{ numbers }}, lambda one: coalesce(isfinite(one), false)))
                then {{ numbers }}
        end
{%- endmacro %}


{#- Texts of a group as one, with commas between them, in their own order. -#}
{% macro joined_texts(text) -%}
    {{ return(adapter.dispatch('joined_texts', 'footfall')(text)) }}
{%- endmacro %}

{% macro default__joined_texts(text) -%}
    array_join(array_sort(collect_list({{ text }})), ', ')
{%- endmacro %}

{% macro duckdb__joined_texts(text) -%}
    string_agg({{ text }}, ', ' order by {{ text }})
{%- endmacro %}


{#- One list of several; those that are empty add nothing. -#}
{% macro joined_lists(lists) -%}
    {{ return(adapter.dispatch('joined_lists', 'footfall')(lists)) }}
{%- endmacro %}

{% macro default__joined_lists(lists) -%}
    flatten(filter(array({{ lists | join(', ') }}), list -> list is not null))
{%- endmacro %}

{% macro duckdb__joined_lists(lists) -%}
    flatten([{{ lists | join(', ') }}])
{%- endmacro %}
