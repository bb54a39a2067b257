{#- Tables that the user brings, of one entity (events, items, customers, reviews): the from clause, its
    columns under the names of the contract, and those that the contract does not know.
    Stops when a required column is missing. Returns {table, file, columns, found, others}. -#}
{% macro custom_input(relation, entity, required, optional) %}
    {% set relation_name = var('custom_' ~ entity ~ '_relation') %}
    {% set file = relation_name or var('custom_' ~ entity ~ '_path') %}
    {% if not execute %}
        {% set table = '(select 1 as parsed_only)' %}
    {% elif relation_name %}
        {% set table = sql_relation(relation_name) %}
    {% else %}
        {% set table = read_input(
            relation, 'custom_' ~ entity ~ '_path', ['parquet', 'text', 'json'], custom_layout(entity)
        ) %}
    {% endif %}
    {% set columns = input_columns(table) %}
    {% set spellings = (var('custom_columns') or {}).get(entity, {}) %}

    {% set found = {} %}
    {% set used = [] %}
    {% set missing = {} %}
    {% set given = custom_event_type(columns) if entity == 'events' else none %}
    {% for name in required + optional %}
        {% if name == 'event_type' and given is not none %}
            {% do found.update({name: given}) %}
        {% else %}
            {% set spelling = spellings.get(name, name) %}
            {% set column = custom_column(columns, [spelling] if spelling is string else spelling, used) %}
            {% if execute and column is none and (name in required or name in spellings) %}
                {% do missing.update({name: spelling if spelling is string else spelling | join("' or '")}) %}
            {% endif %}
            {% do found.update({name: column}) %}
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

    {% do return({'table': table, 'columns': columns, 'found': found, 'others': other_columns(columns, used)}) %}
{% endmacro %}


{#- What text files of an entity do not say of themselves: names of columns where there is no header, and widths. -#}
{% macro custom_layout(entity) %}
    {% do return({
        'names': (var('custom_header') or {}).get(entity, []), 'widths': (var('custom_widths') or {}).get(entity, [])
    }) %}
{% endmacro %}


{#- The event type that all rows of a file have, as a column: of paths by event type, or of var custom_event_type. -#}
{% macro custom_event_type(columns) %}
    {% if 'footfall_event_type' in columns %}
        {% do return(input_column(columns, ['footfall_event_type'], 'input_rows')) %}
    {% elif var('custom_event_type') %}
        {% do return({'sql': sql_text(var('custom_event_type')), 'type': 'VARCHAR', 'name': none}) %}
    {% endif %}
    {% do return(none) %}
{% endmacro %}


{#- The column of the first of several spellings that an input has, as a macro of values takes it. Where it has more than
    one of them, the first that is not empty counts, row by row. A spelling with dots is a path into a column that holds
    objects. What is read is added to `used`, as {name, path}. -#}
{% macro custom_column(columns, spellings, used) %}
    {% set there = [] %}
    {% for spelling in spellings %}
        {% set column = input_column(columns, [spelling | lower], 'input_rows') or nested_column(columns, spelling) %}
        {% if column is not none %}
            {% do there.append(column) %}
            {% do used.append({'name': column.parent or column.name, 'path': column.path or []}) %}
        {% endif %}
    {% endfor %}
    {% if there | length < 2 %}
        {% do return(there[0] if there else none) %}
    {% endif %}
    {% set kinds = there | map(attribute='type') | unique | list %}
    {% set texts = [] %}
    {% for column in there %}
        {% do texts.append(text_value(column) if is_text(column) or kinds | length > 1 else column.sql) %}
    {% endfor %}
    {#- A word for nothing counts as such where none of them says more. -#}
    {% do texts.append(trimmed_text(there[0])) if is_text(there[0]) %}
    {% do return({
        'sql': 'coalesce(' ~ texts | join(', ') ~ ')', 'type': kinds[0] if kinds | length == 1 else 'VARCHAR',
        'name': there[0].name
    }) %}
{% endmacro %}


{#- The column of a path such as event_properties.revenue: the longest beginning that is a column, and what is inside. -#}
{% macro nested_column(columns, spelling) %}
    {% set steps = spelling.split('.') %}
    {% for count in range(steps | length - 1, 0, -1) %}
        {% set name = steps[:count] | join('.') | lower %}
        {% if name in columns %}
            {% set parent = input_column(columns, [name], 'input_rows') %}
            {% do return({
                'sql': text_inside(parent, steps[count:]), 'type': 'VARCHAR', 'name': spelling,
                'parent': parent.name, 'path': steps[count:]
            }) %}
        {% endif %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{#- The columns of an input that are not used, each as {name, sql}, and of those that are used in part what is left. -#}
{% macro other_columns(columns, used) %}
    {% set others = [] %}
    {% for column in own_columns(columns) %}
        {% set paths = used | selectattr('name', 'equalto', column.name) | map(attribute='path') | list %}
        {% set sql = 'input_rows.' ~ sql_name(column.name) %}
        {% if not paths %}
            {% do others.append({'name': column.name, 'sql': sql}) %}
        {% elif [] not in paths %}
            {% do others.append({
                'name': column.name, 'sql': object_without({'sql': sql, 'type': column.type}, paths)
            }) %}
        {% endif %}
    {% endfor %}
    {% do return(others) %}
{% endmacro %}


{#- The text at a path inside a column that holds objects: JSON, JSON text or structs. -#}
{% macro text_inside(column, steps) -%}
    {{ return(adapter.dispatch('text_inside', 'footfall')(column, steps)) }}
{%- endmacro %}

{% macro duckdb__text_inside(column, steps) -%}
    json_extract_string({{ duckdb_object(column) }}, {{ sql_text(json_path(steps)) }})
{%- endmacro %}


{#- The object in a column without what is at some paths, as JSON; a text that is no object stays. -#}
{% macro object_without(column, paths) -%}
    {{ return(adapter.dispatch('object_without', 'footfall')(column, paths)) }}
{%- endmacro %}

{% macro duckdb__object_without(column, paths) -%}
    {%- set left = namespace(sql=duckdb_object(column)) -%}
    {%- for steps in paths -%}
        {#- A merge that sets a field to null takes it out. -#}
        {%- set patch = namespace(value=none) -%}
        {%- for step in steps | reverse -%}
            {%- set patch.value = {step: patch.value} -%}
        {%- endfor -%}
        {%- set left.sql = 'json_merge_patch(' ~ left.sql ~ ', ' ~ sql_text(tojson(patch.value)) ~ ')' -%}
    {%- endfor -%}
    case
            when {{ duckdb_object(column) }} is null then to_json({{ column.sql }})
            else cast(nullif(cast({{ left.sql }} as varchar), '{}') as json)
        end
{%- endmacro %}


{#- A column of DuckDB as JSON; null where a text is none. -#}
{% macro duckdb_object(column) -%}
    {%- if column.type == 'JSON' -%}
    {{ column.sql }}
    {%- elif column.type == 'VARCHAR' -%}
    case when json_valid({{ column.sql }}) then {{ column.sql }} end
    {%- else -%}
    to_json({{ column.sql }})
    {%- endif -%}
{%- endmacro %}


{#- A path into JSON, step by step; a step of digits is a place in a list, from 0. -#}
{% macro json_path(steps) %}
    {% set path = namespace(text='$') %}
    {% for step in steps %}
        {% set path.text = path.text ~ ('[' ~ step ~ ']' if step.isdigit() else '."' ~ step ~ '"') %}
    {% endfor %}
    {% do return(path.text) %}
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
        'country': 'country', 'message_text': 'message_text', 'properties': 'properties',
        'traffic_source': 'traffic_source', 'traffic_medium': 'traffic_medium', 'campaign': 'campaign',
        'landing_page': 'landing_page', 'card_token': 'card_token', 'address_token': 'address_token',
        'ip_token': 'ip_token', 'terminal_token': 'terminal_token', 'card_country': 'card_country'
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
