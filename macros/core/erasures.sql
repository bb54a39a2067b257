{#- The erasures of this warehouse that the journal next to the key file has, the oldest first. Unit tests know their own
    rows alone. -#}
{% macro erasures() %}
    {% if not execute or (model is defined and model.resource_type == 'unit_test') %}
        {% do return([]) %}
    {% endif %}
    {% do return(adapter.dispatch('erasures', 'footfall')()) %}
{% endmacro %}

{% macro default__erasures() %}
    {% do return([]) %}
{% endmacro %}

{% macro duckdb__erasures() %}
    {% do return(ask_program('erasures', {})) %}
{% endmacro %}


{#- They as a query, empty where nobody was erased. -#}
{% macro erasure_rows() -%}
    {%- set types = {
        'erasure_id': 'varchar', 'source': 'varchar', 'code_version': 'varchar', 'request': 'bigint',
        'attempt_count': 'bigint', 'table_count': 'bigint', 'column_count': 'bigint', 'value_count': 'bigint',
        'file_count': 'bigint', 'byte_count': 'bigint', 'hit_count': 'bigint', 'unread_file_count': 'bigint', 'ordinary_id_count': 'bigint',
        'unsearched_column_count': 'bigint', 'possible_mention_count': 'bigint',
        'erased_at': moment_type() | trim, 'proven_at': moment_type() | trim
    } -%}
    {%- set found = erasures() -%}
    {%- for erasure in found or [{}] %}
    select
        {%- for name, type in types.items() %}
        {%- set value = erasure.get(name) %}
        cast({{ 'null' if value is none else sql_text(value | string) }} as {{ type }}) as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    {%- if not found %}
    where false
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- When a model has to have been trained again that learned from somebody who was erased at a moment. -#}
{% macro retrain_due_at(erased_at) -%}
    {{ dbt.dateadd('day', var('erasure_retrain_days'), erased_at) }}
{%- endmacro %}
