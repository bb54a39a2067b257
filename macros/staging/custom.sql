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
        {% set layout = custom_layout(entity) %}
        {% set table = read_input(relation, 'custom_' ~ entity ~ '_path', ['parquet', 'text', 'json'], layout) %}
    {% endif %}
    {% set columns = input_columns(table) %}
    {% set named = (var('custom_columns') or {}).get(entity) or {} %}
    {% set spellings = dict(payment_spellings() if entity == 'events' else {}, **named) %}
    {% set lacking = files_that_lack_columns(layout.read, columns, required + optional, spellings) if layout else {} %}
    {% do refuse_lacking_files(entity, required, lacking) %}
    {% if lacking and entity == 'events' and not layout.with_file %}
        {% set table = read_input(
            relation, 'custom_events_path', ['parquet', 'text', 'json'], dict(custom_layout(entity), with_file='footfall_read_from')
        ) %}
        {% set columns = input_columns(table) %}
    {% endif %}
    {% if execute and entity == 'events' and custom_rows_are_records() %}
        {% set table = custom_filled_rows(table, columns, spellings, (layout.read if layout else []) | length > 1) %}
    {% endif %}

    {% set found = {} %}
    {% set used = [] %}
    {% set missing = {} %}
    {% set given = custom_event_type(columns) if entity == 'events' else none %}
    {% for name in required + optional %}
        {% if name == 'event_type' and given is not none %}
            {% do found.update({name: given}) %}
        {% else %}
            {% set spelling = spellings.get(name, name) %}
            {#- What only says where a visit came from is a property as well. -#}
            {% set column = custom_column(
                columns, as_list(spelling), [] if name in custom_visit_inputs() else used,
                keeps_json=name in ['properties', 'attributes', 'image_vector'],
                is_owner=name in ['customer_id', 'device_id']
            ) %}
            {% if execute and column is none and (name in required or name in named) %}
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
    {% for name in named if name not in required + optional %}
        {% do exceptions.raise_compiler_error(
            "var custom_columns names '" ~ entity ~ '.' ~ name ~ "', which is not a column of the contract. The contract has: "
            ~ (required + optional) | join(', ') ~ '.'
        ) %}
    {% endfor %}

    {% do return({
        'table': table, 'columns': columns, 'found': found, 'others': other_columns(columns, used), 'lacking': lacking
    }) %}
{% endmacro %}


{#- What a file of events may have besides customer, time and type. -#}
{% macro custom_optional_columns() %}
    {% do return([
        'event_id', 'device_id', 'received_at', 'sequence_no', 'item_id', 'order_id', 'quantity', 'unit_price', 'amount',
        'currency', 'session_hint', 'channel', 'device', 'country', 'message_text', 'properties'
    ] + visit_columns() + custom_visit_inputs() + ['distinct_id', 'is_identified'] + payment_columns()
        + ['is_fraud', 'labelled_at']) %}
{% endmacro %}


{#- What payments are made with goes by these names as well: as other columns its values would stay raw among the
    properties. -#}
{% macro payment_spellings() %}
    {% do return({
        'card_token': ['card_token', 'card_id', 'card'],
        'address_token': ['address_token', 'address_key', 'address_id', 'address'],
        'ip_token': ['ip_token', 'ip_prefix', 'ip_address', 'ip'],
        'terminal_token': ['terminal_token', 'terminal_id', 'terminal']
    }) %}
{% endmacro %}


{#- By column of the contract, the files that have none of its spellings, where others of their event type have one: a dict
    of lists of {file, stand_in, event_type}. Files of records may complete each other: of them one counts only if another
    has all of its columns. A file in which nothing can be read, such as that of a day without events, lacks nothing. -#}
{% macro files_that_lack_columns(read, columns, names, spellings) %}
    {% if not execute or read | length < 2 %}
        {% do return({}) %}
    {% endif %}
    {% set elements = [] %}
    {% for row in run_query(elements_of_files(read | map(attribute='stand_in') | list)) %}
        {% do elements.append(row.values() | list) %}
    {% endfor %}
    {% do return(ask_program('lacking_files', {
        'files': read, 'elements': elements, 'names': names, 'spellings': spellings,
        'are_records': custom_rows_are_records(), 'ignored': ['footfall_']
    })) %}
{% endmacro %}


{#- The schemas of Parquet files as a query, in one pass over all: file, name of an element, and the number of its children. -#}
{% macro elements_of_files(files) %}
    {% do return(adapter.dispatch('elements_of_files', 'footfall')(files)) %}
{% endmacro %}

{% macro duckdb__elements_of_files(files) %}
    {% do return('select file_name, name, num_children from parquet_schema(' ~ sql_files(files) ~ ')') %}
{% endmacro %}


{#- Stops where a file of several lacks a column without which none of its rows can be read. Who a row is of may be said by
    a device, or by the order alone, and its time by other rows of the order, if they are of its event type. -#}
{% macro refuse_lacking_files(entity, required, lacking) %}
    {% for name in required if name in lacking and not (
        entity == 'events' and not lacking[name][0].of_whole_type and (name == 'customer_id' or custom_rows_are_records())
    ) %}
        {% do exceptions.raise_compiler_error(
            "'" ~ lacking[name][0].file ~ "' has no column for " ~ name ~ ', which other files of custom_' ~ entity
            ~ '_path have: add it to the file; list how the file calls it as well, such as {' ~ entity ~ ': {' ~ name
            ~ ': [<column of the others>, <column of the file>]}} in var custom_columns; or leave the file out.'
        ) %}
    {% endfor %}
{% endmacro %}


{#- Notes on rows of files that lack a column, where such rows of other files have it and their event type needs it. -#}
{% macro custom_lacking_notes(lacking) %}
    {% set of_orders = ['order_id', 'quantity', 'unit_price', 'amount', 'currency'] %}
    {% set notes = [] %}
    {% for name, files in lacking.items() %}
        {% set copies = [] %}
        {% for one in files %}
            {% do copies.append(sql_text(one.stand_in)) %}
        {% endfor %}
        {% set needed = 'event_type in ' ~ order_event_types() ~ ' and ' if name in of_orders
            else 'event_type in ' ~ item_level_event_types() ~ ' and ' if name == 'item_id' else '' %}
        {% do notes.append({
            'column': name, 'reason': "'other files have this column, and this one has not'",
            'when': '(' ~ needed ~ 'read_from in (' ~ copies | join(', ') ~ '))',
            'example': sql_text(files[0].file.split('/')[-1] ~ (' and others' if files | length > 1 else ''))
        }) %}
    {% endfor %}
    {% do return(notes) %}
{% endmacro %}


{#- Whether rows are records of a ledger, such as order files, and not events: declared by var custom_rows_are, and true of
    files whose rows are all purchases. -#}
{% macro custom_rows_are_records() %}
    {% set paths = var('custom_events_path') %}
    {% set types = paths.keys() | list if paths is mapping else [var('custom_event_type')] %}
    {% do return(var('custom_rows_are') == 'records' or 'purchase' in types) %}
{% endmacro %}


{#- Columns that order files have beyond those of the contract, and what they hold: number or time. None for files of
    events. -#}
{% macro custom_order_columns() %}
    {% if not custom_rows_are_records() %}
        {% do return({}) %}
    {% endif %}
    {% do return({
        'order_amount': 'number', 'order_discount': 'number', 'order_shipping': 'number', 'order_tax': 'number',
        'included_tax': 'number', 'order_refund': 'number', 'line_discount': 'number', 'line_tax': 'number',
        'line_refund': 'number', 'refunded_at': 'time', 'cancelled_at': 'time', 'updated_at': 'time'
    }) %}
{% endmacro %}


{#- The names in a dict of names and kinds that are of one kind. -#}
{% macro names_of(kinds, wanted) %}
    {% set names = [] %}
    {% for name, kind in kinds.items() if kind == wanted %}
        {% do names.append(name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- Why a row cannot be taken for one of these columns, as a list for first_problem. -#}
{% macro custom_order_problems(clean) %}
    {% set problems = [] %}
    {% for name, kind in custom_order_columns().items() %}
        {% do problems.append(
            number_problem(name, clean[name]) if kind == 'number' else time_problem(name, clean[name])
        ) %}
    {% endfor %}
    {% do return(problems) %}
{% endmacro %}


{#- Why the name of a row says that it is no event, else null. An ambiguous name of a row with an item is unknown. -#}
{% macro custom_name_problem(event_name) -%}
    {%- set ambiguous = ambiguous_event_names() -%}
    {%- set problem = event_name_problem(event_name) -%}
    {%- if ambiguous -%}
    case
            when named.item_id is null or lower({{ event_name }}) not in ({{ ambiguous | join(', ') }})
                then {{ problem }}
        end
    {%- else -%}
    {{ problem }}
    {%- endif -%}
{%- endmacro %}


{#- Whether a row is a refund whose name says that an order was cancelled, as tools call it. Its amount is then what the
    order was worth, of which what is still paid is given back. -#}
{% macro custom_is_cancellation(event_type, event_name) -%}
    coalesce({{ event_type }} = 'refund' and lower({{ event_name }}) in (
            'order cancelled', 'order_cancelled', 'cancelled order', 'cancelled_order'
        ), false)
{%- endmacro %}


{#- CTE refunds: what lines, and orders as a whole, gave back by the columns of their rows. An order gives back no more than
    was paid for it: what goes beyond is shipping or tax. One that was cancelled gives back what is left. -#}
{% macro custom_refunds(lines) -%}
counted_refunds as (

    select
        *,
        sum(case when copy_no = 1 and event_type = 'purchase' then net_amount end) over whole_order as paid_amount,
        coalesce(sum(case when copy_no = 1 and event_type = 'purchase' then given_back end) over whole_order, 0e0)
            as given_back_amount
    from {{ lines }}
    where rejection is null
        and not has_left
    window whole_order as (partition by {{ custom_order_partition() }})

),

due_refunds as (

    select
        *,
        case
            when place_no > 1 then 0e0
            when whole_cancelled_at is not null or whole_order_refund > paid_amount - given_back_amount
                then paid_amount - given_back_amount
            else whole_order_refund
        end as rest_amount
    from counted_refunds
    where event_type = 'purchase'

),

refunds as (
    {%- for is_of_line in [true, false] %}
    {%- set cancelled = [] if is_of_line else ['whole_cancelled_at'] %}
    select
        *,
        {{ 'event_id' if is_of_line else made_id('custom', {
            'refund_of': 'order_id', 'customer_id': 'customer_id', 'device_id': 'device_id',
            'event_at': microseconds_of('ordered_at'),
            'event_id': 'case when order_id is null then event_id end'
        }) }} || '-refund' as refund_id,
        {{ 'item_id' if is_of_line else 'cast(null as string)' }} as refund_item_id,
        {{ 'given_back' if is_of_line else 'rest_amount' }} as refund_amount,
        coalesce({{ (
            ['whole_refunded_at'] + cancelled + ['whole_updated_at', 'event_at' if is_of_line else 'last_event_at']
        ) | join(', ') }}) as booked_at,
        {{ value_notes([
            {
                'column': 'refunded_at',
                'reason': "case when whole_updated_at is null then 'no time of the refund: booked when it was ordered'"
                    ~ " else 'no time of the refund: booked when the row was last updated' end",
                'when': '(' ~ (['whole_refunded_at'] + cancelled) | join(' is null and ') ~ ' is null)', 'example': none
            }
        ] + ([] if is_of_line else [{
            'column': 'order_refund', 'reason': "'more than was paid without shipping and tax, so only that is given back'",
            'when': 'whole_order_refund > paid_amount - given_back_amount + 5e-3', 'example': none
        }]) + [{
            'column': 'line_refund' if is_of_line else 'order_refund', 'example': none, 'when': '(true)',
            'reason': "'a refund of its own, which is one row more than the files have'"
        }]) }} as refund_notes
    from due_refunds
    where {{ 'given_back > 0' if is_of_line else 'rest_amount > 5e-3' }}
    {%- if is_of_line %}

    union all
    {% endif %}
    {%- endfor %}

)
{%- endmacro %}


{#- The columns of staged events in their order; `others` gives SQL for some of them. -#}
{% macro custom_staged_columns(table, others) -%}
    {%- for name in [
        'source', 'event_id', 'customer_id', 'device_id', 'event_at', 'received_at', 'sequence_no', 'event_type', 'item_id',
        'order_id', 'quantity', 'unit_price', 'amount', 'listed_amount', 'currency', 'session_hint', 'channel'
    ] + visit_columns() + ['device', 'country'] + payment_columns() + [
        'source_event_id', 'message_text', 'properties', 'raw_row', 'rejection', 'value_notes'
    ] -%}
    {%- if name == 'source_event_id' -%}
    {#- Each row is a line. -#}
    {{ no_texts([name]) }}
    {%- else -%}
    {{ others[name] ~ ' as ' ~ name if name in others else table ~ '.' ~ name }}
    {%- endif -%}
    {{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- The columns of events that stand on the first row of an order alone in many exports: those of the order. -#}
{% macro columns_of_orders() %}
    {% do return([
        'customer_id', 'device_id', 'event_at', 'received_at', 'event_type', 'currency', 'session_hint', 'channel', 'device',
        'country'
    ] + visit_columns() + payment_columns()) %}
{% endmacro %}


{#- A from clause in which the columns of an order are on each of its rows: an empty one is filled with the value that
    other rows of the order have, if they have one alone; where numbers begin again, with that of the rows of its time. Each
    of several exports speaks for itself first: what it says of an order may be newer than what another says. The time of an
    order is not that of its refunds: where paths have types, times are those of rows of one type. -#}
{% macro custom_filled_rows(table, columns, spellings, has_several_files=false) %}
    {% set order_id = custom_column(columns, as_list(spellings.get('order_id', 'order_id')), []) %}
    {% set fillable = [] %}
    {% set times = [] %}
    {% set of_type = [] %}
    {% for name in columns_of_orders() + custom_visit_inputs() %}
        {% for spelling in as_list(spellings.get(name, name)) if spelling | lower in columns %}
            {% set column = columns[spelling | lower] %}
            {% do fillable.append(column) if kind_of(column) != 'other' or column.type == 'VARCHAR' %}
            {% do times.append(
                {'name': column.name, 'sql': 'input_rows.' ~ sql_name(column.name), 'type': column.type}
            ) if name == 'event_at' %}
            {% do of_type.append(column.name) if name in ('event_at', 'received_at') %}
        {% endfor %}
    {% endfor %}
    {% if order_id is none or not fillable %}
        {% do return(table) %}
    {% endif %}
    {% do return(filled_within(
        table, id_value(order_id), times, fillable | unique(attribute='name') | list,
        {'input_rows.footfall_event_type': of_type} if 'footfall_event_type' in columns else {},
        'input_rows.footfall_file' if has_several_files and 'footfall_file' in columns else none
    )) %}
{% endmacro %}


{#- A from clause in which empty columns have the value of other rows with the same key, if these have one alone, else of
    those that have the same values in some further columns as well; where rows of a key disagree in these, a row that has
    values in them takes nothing from the others. `apart` has SQL of what else must be the same for some columns, with the
    names of these. Rows with the same value of `first_within`, if it is given, come before others. -#}
{% macro filled_within(table, key, further, columns, apart={}, first_within=none) %}
    {% do return(adapter.dispatch('filled_within', 'footfall')(table, key, further, columns, apart, first_within)) %}
{% endmacro %}

{#- In three steps, each of which names what the next one repeats: the plan would grow beyond all measure otherwise. -#}
{% macro duckdb__filled_within(table, key, further, columns, apart, first_within) %}
    {% set held = [] %}
    {% set values = [] %}
    {% for one in further %}
        {% set nothing = one.sql ~ ' is null' ~ (' or ' ~ is_nothing('trim(' ~ one.sql ~ ')') if one.type == 'VARCHAR' else '') %}
        {% do held.append('case when not (' ~ nothing ~ ') then ' ~ one.sql ~ ' end as footfall_held_' ~ loop.index) %}
    {% endfor %}
    {% for column in columns %}
        {% set name = 'input_rows.' ~ sql_name(column.name) %}
        {% do values.append(
            ('case when not ' ~ is_nothing('trim(' ~ name ~ ')') ~ ' then trim(' ~ name ~ ') end' if column.type == 'VARCHAR' else name)
            ~ ' as footfall_value_' ~ loop.index
        ) %}
    {% endfor %}
    {% set windows = windows_to_fill_within(further, apart, first_within) %}
    {% set kept_apart = apart.values() | sum(start=[]) %}
    {% set agreeing = [] %}
    {% for window in windows if not window.endswith('_and_more') %}
        {% set conditions = ['footfall_key is not null'] %}
        {% for one in further %}
            {% set compared = window if one.name not in kept_apart
                else 'same_file_and_kind' if window.startswith('same_file') else 'same_key_and_kind' %}
            {% set value = 'footfall_held_' ~ loop.index %}
            {% do conditions.append(
                '(' ~ value ~ ' is null or min(' ~ value ~ ') over ' ~ compared ~ ' = max(' ~ value ~ ') over ' ~ compared ~ ')'
            ) %}
        {% endfor %}
        {% do agreeing.append(conditions | join(' and ') ~ ' as footfall_agrees_' ~ window) %}
    {% endfor %}
    {% set filled = [] %}
    {% for column in columns %}
        {% set value = 'footfall_value_' ~ loop.index %}
        {% set choices = [value] %}
        {% for window in windows if (column.name in kept_apart) == ('_kind' in window) %}
            {% set agrees = 'footfall_key is not null' if window.endswith('_and_more') else 'footfall_agrees_' ~ window %}
            {% do choices.append(
                'case when ' ~ agrees ~ ' and min(' ~ value ~ ') over ' ~ window ~ ' = max(' ~ value ~ ') over ' ~ window
                ~ ' then min(' ~ value ~ ') over ' ~ window ~ ' end'
            ) %}
        {% endfor %}
        {#- A word for nothing that is not filled stays, and is counted where values are cleaned. -#}
        {% do filled.append(
            'coalesce(' ~ (choices + ['input_rows.' ~ sql_name(column.name)]) | join(', ') ~ ') as ' ~ sql_name(column.name)
        ) %}
    {% endfor %}
    {% set written = [] %}
    {% for window, shared in windows.items() %}
        {% do written.append(window ~ ' as (partition by ' ~ shared | join(', ') ~ ')') %}
    {% endfor %}
    {% set named = ' as input_rows window ' ~ written | join(', ') ~ ')' %}
    {% set valued = '(select input_rows.*, ' ~ ([key ~ ' as footfall_key'] + held + values) | join(', ') ~ ' from ' ~ table
        ~ ' as input_rows)' %}
    {% set judged = '(select input_rows.*, ' ~ agreeing | join(', ') ~ ' from ' ~ valued ~ named %}
    {% do return(
        "(select input_rows.* exclude (footfall_key" ~ names_made(held + values + agreeing) ~ ') replace (' ~ filled | join(', ')
        ~ ') from ' ~ judged ~ named
    ) %}
{% endmacro %}


{#- The windows in which `filled_within` looks for values, in their order, with what their rows share. Those for columns that
    are kept apart have _kind in their names. -#}
{% macro windows_to_fill_within(further, apart, first_within) %}
    {% set more = further | map(attribute='sql') | list %}
    {% set windows = {} %}
    {% for kind in [none] + apart.keys() | list %}
        {% set ending = '' if kind is none else '_and_kind' %}
        {% set key = ['footfall_key'] + ([] if kind is none else [kind]) %}
        {% do windows.update({'same_file' ~ ending: key + [first_within]}) if first_within is not none %}
        {% do windows.update({'same_key' ~ ending: key}) %}
        {% do windows.update({'same_key' ~ ending ~ '_and_more': key + more}) if further %}
    {% endfor %}
    {% do return(windows) %}
{% endmacro %}


{#- The names that selected expressions are given, each behind a comma. -#}
{% macro names_made(expressions) -%}
    {%- for one in expressions %}, {{ one.split(' as ')[-1] }}{% endfor -%}
{%- endmacro %}


{#- A text or a list of texts as a list. -#}
{% macro as_list(value) %}
    {% do return([value] if value is string else value) %}
{% endmacro %}


{#- The file that a row came from, where rows of several files are one table. -#}
{% macro input_file(columns) -%}
    {{ 'input_rows.footfall_file' if 'footfall_file' in columns else 'cast(null as string)' }}
{%- endmacro %}


{#- What text files of an entity do not say of themselves: names of columns where there is no header, widths, and the
    encoding. -#}
{% macro custom_layout(entity) %}
    {% do return({
        'names': (var('custom_header') or {}).get(entity, []), 'widths': (var('custom_widths') or {}).get(entity, []),
        'encoding': var('custom_encoding'),
        'with_file': 'footfall_file' if entity == 'events' and custom_rows_are_records() else none, 'read': []
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
    objects. What is read is added to `used`, as {name, path}. A column in which some rows have an object is JSON: its texts
    lose their quotes, unless `keeps_json`. Of `is_owner`, zeros alone are empty. -#}
{% macro custom_column(columns, spellings, used, keeps_json=false, is_owner=false) %}
    {% set there = [] %}
    {% for spelling in spellings %}
        {% set column = input_column(columns, [spelling | lower], 'input_rows') or nested_column(columns, spelling) %}
        {% if column is not none %}
            {% set as_text = column.type == 'JSON' and not keeps_json %}
            {% do there.append(dict(column, sql=text_inside(column, []), type='VARCHAR') if as_text else column) %}
            {% do used.append({'name': column.parent or column.name, 'path': column.path or []}) %}
        {% endif %}
    {% endfor %}
    {% do return(first_filled(there, is_owner)) %}
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
    json_extract_string({{ duckdb__object_of(column) }}, {{ sql_text(json_path(steps)) }})
{%- endmacro %}


{#- The object in a column without what is at some paths, as JSON; a text that is no object stays. -#}
{% macro object_without(column, paths) -%}
    {{ return(adapter.dispatch('object_without', 'footfall')(column, paths)) }}
{%- endmacro %}

{% macro duckdb__object_without(column, paths) -%}
    {%- set left = namespace(sql=duckdb__object_of(column)) -%}
    {%- for steps in paths -%}
        {#- A merge that sets a field to null takes it out. -#}
        {%- set patch = namespace(value=none) -%}
        {%- for step in steps | reverse -%}
            {%- set patch.value = {step: patch.value} -%}
        {%- endfor -%}
        {%- set left.sql = 'json_merge_patch(' ~ left.sql ~ ', ' ~ sql_text(tojson(patch.value)) ~ ')' -%}
    {%- endfor -%}
    case
            when {{ duckdb__object_of(column) }} is null then to_json({{ column.sql }})
            else cast(nullif(cast({{ left.sql }} as varchar), '{}') as json)
        end
{%- endmacro %}


{#- A column of DuckDB as JSON; null where a text is none. -#}
{% macro duckdb__object_of(column) -%}
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


{#- JSON text of the columns that the contract does not know, with what the user's own JSON column holds. Empty ones are
    left out, so that a column that a later file adds changes no row of before. A column wins over a field of its name,
    and `custom_extras_notes` counts such rows. -#}
{% macro custom_extras(own, others) -%}
    {%- set columns = json_of_columns(others, 'input_rows') -%}
    {%- if own is none -%}
    {{ without_nulls(columns) if others else columns }}
    {%- else -%}
    {%- set own_and_others = {own.name: text_value(own)} -%}
    {%- do own_and_others.update(columns_by_name(others, 'input_rows')) -%}
    case
            when {{ text_value(own) }} is null then {{ without_nulls(columns) if others else columns }}
            when {{ is_json_object(text_value(own)) }}
                then {{ own_and_other_fields(own, columns).fields if others else text_value(own) }}
            else {{ without_nulls(json_of(own_and_others)) }}
        end
    {%- endif -%}
{%- endmacro %}


{#- SQL of the fields of the user's own JSON column and of further columns, as one JSON object: `fields`; and the names of
    those in which the two differ, empty where there are none: `clashes`. -#}
{% macro own_and_other_fields(own, columns) %}
    {% set filled = merged_json("'{}'", columns) %}
    {% set merged = merged_json(filled, text_value(own)) %}
    {% set clashes = differing_fields(filled, merged_json("'{}'", text_value(own))) %}
    {% do return({
        'fields': 'case when ' ~ clashes ~ ' is null then ' ~ merged ~ ' else ' ~ merged_json(merged, filled) ~ ' end',
        'clashes': clashes
    }) %}
{% endmacro %}


{#- A note on a row whose JSON column has a field with the name of another column, and another value there. -#}
{% macro custom_extras_notes(name, own, others) %}
    {% if own is none or not others %}
        {% do return([]) %}
    {% endif %}
    {% set clashes = own_and_other_fields(own, json_of_columns(others, 'input_rows')).clashes %}
    {% do return([{
        'column': name, 'reason': "'has fields with the names of columns, which count: ' || " ~ clashes,
        'when': '(' ~ is_json_object(text_value(own)) ~ ' and ' ~ clashes ~ ' is not null)', 'example': none
    }]) %}
{% endmacro %}


{#- An amount of money of a row of events: what is given in the smallest unit of a currency is divided by the number of
    those units. Currencies that have a hundred of them are not listed. -#}
{% macro custom_money(clean, name) -%}
    {%- if clean[name] is none or var('custom_amounts_are') == 'major' -%}
    {{ number_value(clean[name]) }}
    {%- else -%}
    {{ number_value(clean[name]) }} / case
            when {{ custom_currency(clean) }} in (
                'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
            ) then 1e0
            when {{ custom_currency(clean) }} in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 1e3
            else 1e2
        end
    {%- endif -%}
{%- endmacro %}


{#- Notes on a row of events. -#}
{% macro custom_event_notes(clean, others) %}
    {% set notes = nothing_notes(clean, ['customer_id', 'device_id'])
        + custom_extras_notes('properties', clean.properties, others) + clock_notes(clean) + custom_label_notes(clean)
        + custom_currency_notes(clean) + custom_visit_notes(clean) %}
    {% for name in ['channel', 'traffic_medium'] if clean[name] is not none %}
        {% do notes.append({
            'column': name, 'reason': "'the shop itself, which is no source of a visit'",
            'when': is_the_shop_itself(text_value(clean[name])), 'example': text_value(clean[name])
        }) %}
    {% endfor %}
    {% if var('custom_amounts_are') == 'minor' %}
        {% do notes.append({
            'column': 'currency', 'reason': "'empty, so that amounts are taken for hundredths of a unit'",
            'when': '(' ~ custom_currency(clean) ~ ' is null and coalesce(' ~ number_value(clean.amount) ~ ', '
                ~ number_value(clean.unit_price) ~ ') is not null)',
            'example': none
        }) %}
    {% endif %}
    {% do return(notes) %}
{% endmacro %}


{#- JSON text of properties with the user's own name of the event added. -#}
{% macro with_source_event_name(properties, source_event_name) -%}
    {{ merged_json("coalesce(" ~ properties ~ ", '{}')", json_of({'source_event_name': source_event_name})) }}
{%- endmacro %}


{#- The id of a converted row that has none: made of all columns of the contract that are not empty. A clock of whole seconds
    writes two clicks as equal rows; where both are to be kept, they are kept apart by number. -#}
{% macro custom_event_id() -%}
    {%- if custom_rows_are_records() -%}
    {{ custom_line_id() }}
    {%- else -%}
    {{ made_id('custom', custom_id_parts('converted.source_event_name')) }}
        {%- if var('custom_keep_identical_rows') %}
            || '-' || row_number() over (partition by own_event_id, raw_row)
        {%- endif %}
    {%- endif -%}
{%- endmacro %}


{#- What the id of a converted row is made of, as SQL by name; the order is part of the id. `event_name` is SQL of what the
    row is. -#}
{% macro custom_id_parts(event_name) %}
    {% do return({
        'customer_id': 'customer_id', 'device_id': 'device_id', 'event_at': microseconds_of('event_at'),
        'received_at': microseconds_of('received_at'), 'sequence_no': 'sequence_no', 'event_type': event_name, 'item_id': 'item_id',
        'order_id': 'order_id', 'quantity': 'quantity', 'unit_price': 'unit_price', 'amount': 'amount',
        'currency': 'currency', 'session_hint': 'session_hint', 'channel': 'channel', 'device': 'device',
        'country': 'country', 'message_text': 'message_text', 'properties': 'properties',
        'traffic_source': 'traffic_source', 'traffic_medium': 'traffic_medium', 'campaign': 'campaign',
        'landing_page': 'landing_page', 'card_token': 'card_token', 'address_token': 'address_token',
        'ip_token': 'ip_token', 'terminal_token': 'terminal_token', 'card_country': 'card_country'
    }) %}
{% endmacro %}


{#- The id of a line of an order that has none, marked as one that was made. A line is the same in a later export, whatever
    has become of its order: its status counts as the event type that it stands for, and further columns do not count.
    Lines that differ in these alone are numbered in each file. -#}
{% macro custom_line_id() -%}
    {%- set parts = custom_id_parts('coalesce(event_names.event_type, converted.source_event_name)') -%}
    {%- for name in ['received_at', 'channel', 'device', 'country', 'properties'] + visit_columns() -%}
        {%- do parts.pop(name) -%}
    {%- endfor -%}
    {%- set line_no = ('row_number' if var('custom_keep_identical_rows') else 'dense_rank')
        ~ '() over (partition by own_event_id, input_file, ' ~ made_id('custom', parts) ~ ' order by raw_row)' -%}
    {{ sql_text(made_line_prefix()) }} || {{ made_id('custom', parts) }}
            || case when {{ line_no }} > 1 then '-' || {{ line_no }} else '' end
{%- endmacro %}


{#- How ids of lines begin that were made of what the lines say. -#}
{% macro made_line_prefix() -%}
    {{ return('line-') }}
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
