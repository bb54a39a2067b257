{#- Tables that the user brings, of one entity (events, items, customers, reviews): the from clause, its
    columns under the names of the contract, and those that the contract does not know.
    Stops when a required column is missing. Returns {table, file, columns, found, others}. -#}
{% macro custom_input(relation, entity, required, optional) %}
    {% set relation_name = var('custom_events_relation') if entity == 'events' else none %}
    {% set file = relation_name or var('custom_' ~ entity ~ '_path') %}
    {% if not execute %}
        {% set table = '(select 1 as parsed_only)' %}
    {% elif relation_name %}
        {% set table = sql_relation(relation_name) %}
    {% else %}
        {% set table = read_input(relation, 'custom_' ~ entity ~ '_path') %}
    {% endif %}
    {% set columns = input_columns(table) %}
    {% set spellings = (var('custom_columns') or {}).get(entity, {}) %}

    {% set found = {} %}
    {% set used = [] %}
    {% set missing = {} %}
    {% for name in required + optional %}
        {% set spelling = spellings.get(name, name) %}
        {% set column = input_column(columns, [spelling | lower], 'input_rows') %}
        {% if execute and column is none and (name in required or name in spellings) %}
            {% do missing.update({name: spelling}) %}
        {% endif %}
        {% do found.update({name: column}) %}
        {% if column is not none %}
            {% do used.append(column.name) %}
        {% endif %}
    {% endfor %}
    {% if missing %}
        {% set several = missing | length > 1 %}
        {% do raise_missing_columns(
            file, missing.values() | list, columns,
            'Name the column' ~ ('s that hold ' if several else ' that holds ') ~ missing | join(', ')
            ~ ' in var custom_columns, such as {' ~ entity ~ ': {' ~ missing | join(': <column of the file>, ')
            ~ ': <column of the file>}}.'
        ) %}
    {% endif %}
    {% for name in spellings if name not in required + optional %}
        {% do exceptions.raise_compiler_error(
            "var custom_columns names '" ~ entity ~ '.' ~ name ~ "', which is no column of the contract. It has: "
            ~ (required + optional) | join(', ') ~ '.'
        ) %}
    {% endfor %}

    {% set others = [] %}
    {% for column in own_columns(columns) if column.name not in used %}
        {% do others.append(column) %}
    {% endfor %}
    {% do return({'table': table, 'columns': columns, 'found': found, 'others': others}) %}
{% endmacro %}


{#- JSON text of the columns that the contract does not know, added to what the user's own JSON column holds. Empty ones
    are left out, so that a column that a later file adds changes no row of before. -#}
{% macro custom_extras(own, others) -%}
    {%- if own is none -%}
    {{ without_nulls(json_of_columns(others, 'input_rows')) if others else 'cast(null as string)' }}
    {%- else -%}
    {%- set own_and_others = {own.name: text_value(own)} -%}
    {%- do own_and_others.update(columns_by_name(others, 'input_rows')) -%}
    case
            when {{ text_value(own) }} is null
                then {{ without_nulls(json_of_columns(others, 'input_rows')) if others else 'cast(null as string)' }}
            when {{ is_json_object(text_value(own)) }}
                then {{ merged_json(without_nulls(json_of_columns(others, 'input_rows')), text_value(own)) if others
                    else text_value(own) }}
            else {{ without_nulls(json_of(own_and_others)) }}
        end
    {%- endif -%}
{%- endmacro %}


{#- JSON text of properties with the user's own name of the event added. -#}
{% macro with_source_event_name(properties, source_event_name) -%}
    {{ merged_json("coalesce(" ~ properties ~ ", '{}')", json_of({'source_event_name': source_event_name})) }}
{%- endmacro %}


{#- The id of a converted row that has none: made of all columns of the contract that are not empty. A clock of whole seconds
    writes two clicks as equal rows; where both are to be kept, they are kept apart by number. -#}
{% macro custom_event_id() -%}
    {{ made_id('custom', {
        'customer_id': 'customer_id', 'device_id': 'device_id', 'event_at': microseconds_of('event_at'),
        'received_at': microseconds_of('received_at'), 'sequence_no': 'sequence_no', 'event_type': 'source_event_name', 'item_id': 'item_id',
        'order_id': 'order_id', 'quantity': 'quantity', 'unit_price': 'unit_price', 'amount': 'amount',
        'currency': 'currency', 'session_hint': 'session_hint', 'channel': 'channel', 'device': 'device',
        'country': 'country', 'properties': 'properties'
    }) }}
        {%- if var('custom_keep_identical_rows') %}
            || '-' || row_number() over (partition by own_event_id, raw_row)
        {%- endif %}
{%- endmacro %}


{#- A number that tells the order of events of one moment, as a whole number; what does not fit 64 bits is empty. -#}
{% macro sequence_value(column) -%}
    {%- if column is none -%}
    cast(null as bigint)
    {%- elif kind_of(column) == 'exact number' -%}
    try_cast({{ column.sql }} as bigint)
    {%- else -%}
    try_cast(floor({{ number_value(column) }}) as bigint)
    {%- endif -%}
{%- endmacro %}
