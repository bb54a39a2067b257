{{ config(enabled=source_is_enabled('custom')) }}

-- Events in a table or file of the user's own. Nothing is assumed about types: a value that does not fit its column is
-- named in the rejection, and a line that is no row is kept as it is. Rows of order files bring what is said of orders.
-- depends_on: {{ ref('source_categories') }}
{%- set order_columns = custom_order_columns() %}
{%- set input = custom_input(
    source('custom', 'events') if not var('custom_events_relation') else none,
    'events', ['customer_id', 'event_at', 'event_type'], custom_optional_columns() + order_columns.keys() | list
) %}
{%- set found = with_formats(
    'custom.events', input.table, 'input_rows', input.found,
    ['event_at', 'received_at', 'labelled_at'] + names_of(order_columns, 'time'),
    ['quantity', 'unit_price', 'amount'] + names_of(order_columns, 'number')
) %}
{%- set are_records = custom_rows_are_records() %}
{%- set event_name = 'coalesce(named.source_event_name, named.header_source_event_name)' if are_records
    else 'named.source_event_name' %}
{%- set more_notes = ([value_notes(custom_header_notes('named'))] if are_records else [])
    + ([value_notes(custom_lacking_notes(input.lacking))] if input.lacking else []) %}
with

raw_rows as (

    select * from {{ input.table }}

),

event_names as (
    {{ event_names_of('custom') }}
),

input_rows as (

    select
        input_rows.*,
        {{ clean_texts(
            found, ids=['event_id', 'item_id', 'order_id', 'session_hint'] + token_kinds() | list,
            owners=['customer_id', 'device_id', 'distinct_id']
        ) }}
    from raw_rows as input_rows

),

{% set clean = cleaned(
    found, 'input_rows',
    ['customer_id', 'device_id', 'distinct_id', 'event_id', 'item_id', 'order_id', 'session_hint'] + token_kinds() | list
) -%}
converted as (

    select
        {{ id_value(clean.event_id) }} as own_event_id,
        {{ custom_owner(clean, 'customer_id') }} as customer_id,
        {{ custom_owner(clean, 'device_id') }} as device_id,
        {{ time_value(clean.event_at) }} as event_at,
        coalesce({{ time_value(clean.received_at) }}, {{ time_value(clean.get('updated_at')) }}) as received_at,
        {{ sequence_value(clean.sequence_no) }} as sequence_no,
        {{ text_value(clean.event_type) }} as source_event_name,
        {{ id_value(clean.item_id) }} as item_id,
        {{ id_value(clean.order_id) }} as order_id,
        {{ number_value(clean.quantity) }} as quantity,
        {{ custom_money(clean, 'unit_price') }} as unit_price,
        {{ custom_money(clean, 'amount') }} as amount,
        {{ custom_currency(clean) }} as currency,
        {{ id_value(clean.session_hint) }} as session_hint,
        {{ text_values(clean, ['channel', 'device', 'country', 'message_text', 'card_country']) }},
        {{ custom_visits(clean) }},
        {{ id_values(clean, token_kinds() | reject('equalto', 'ip_token')) }},
        {{ ip_network(id_value(clean.ip_token)) }} as ip_token,
        {{ custom_extras(clean.properties, input.others) }} as properties,
        {{ raw_row(input.columns, 'input_rows') }} as raw_row,
        {%- for name, kind in order_columns.items() %}
        {{ custom_money(clean, name) if kind == 'number' else time_value(clean[name]) }} as {{ name }},
        {%- endfor %}
        {{ custom_label_columns(clean) }}
        {{ input_file(input.columns) }} as input_file,
        {%- if input.lacking %}
        input_rows.{{ 'footfall_file' if 'footfall_file' in input.columns else 'footfall_read_from' }} as read_from,
        {%- endif %}
        {{ first_problem([
            'input_rows.footfall_id_problem',
            line_problem(input.columns, 'input_rows'),
            time_problem('event_at', clean.event_at),
            time_problem('received_at', clean.received_at),
            number_problem('sequence_no', clean.sequence_no),
            number_problem('quantity', clean.quantity),
            number_problem('unit_price', clean.unit_price),
            number_problem('amount', clean.amount)
        ] + custom_order_problems(clean)) }} as value_problem,
        {{ value_notes(custom_event_notes(clean, input.others)) }} as value_notes
    from input_rows

),

-- Only rows without an id of their own cost a hash.
identified as (

    select
        converted.*,
        coalesce(converted.own_event_id, {{ custom_event_id() }}) as event_id
    from converted
    {%- if are_records %}
    left join event_names on lower(converted.source_event_name) = event_names.source_event_name
    {%- endif %}

),

{% if are_records -%}
{{ custom_headed_rows('identified') }},
{%- endif %}

named as (

    select
        named.*,
        coalesce(event_names.event_type, {{ event_name }}) as event_type,
        {{ custom_name_problem(event_name) }} as name_problem,
        {{ custom_is_cancellation('event_names.event_type', event_name) }} as is_cancellation
    from {{ 'headed' if are_records else 'identified' }} as named
    left join event_names on lower({{ event_name }}) = event_names.source_event_name

),

final as (

    select
        'custom' as source,
        {{ own_or_of_header('named', ['event_id', 'customer_id', 'device_id', 'event_at']) }},
        coalesce(named.received_at, named.event_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        {{ own_or_of_header('named', [
            'sequence_no', 'event_type', 'item_id', 'order_id', 'quantity', 'unit_price', 'amount', 'listed_amount',
            'currency', 'session_hint', 'channel'
        ] + visit_columns() + ['device', 'country'] + payment_columns() + ['message_text']) }},
        -- The user's own name of an event stays with it where the contract calls it something else.
        case
            when named.event_type <> {{ event_name }} then {{ with_source_event_name('named.properties', event_name) }}
            else named.properties
        end as properties,
        named.raw_row,
        coalesce(named.value_problem, named.name_problem) as rejection,
        {%- for name in ['placed_at', 'input_file'] * are_records + order_columns.keys() | list
            + custom_label_names(input.found) %}
        named.{{ name }},
        {%- endfor %}
        {{ joined_notes(['named.value_notes'] + more_notes) if more_notes else 'named.value_notes' }} as value_notes
    from named

)

select * from final
