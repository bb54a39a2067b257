{{ config(enabled=source_is_enabled('custom')) }}

-- Events of the user's own tables. Rows of order files share what their order says of itself: its discount is spread
-- over its lines, and what it gave back becomes refunds. Labels of fraud become events of their own.
{#- Asked for in any case: what dbt parses must not depend on what the rows are. -#}
{%- set order_columns = custom_order_columns() %}
{%- set partition = custom_order_partition() %}
{%- set placed_orders = custom_placed_orders('lines') %}
{%- set refunds = custom_refunds('netted') %}
{%- set in_some_files = custom_is_in_some_files() %}
{%- set overpriced = 'coalesce(lines_value, 0e0) - whole_order_amount + coalesce(whole_order_shipping, 0e0)'
    ~ ' + coalesce(whole_order_tax, 0e0)' %}
{%- set missing = at_most('order_value - lines_value + taken_off', 'whole_order_refund') %}
{%- set unpaid_left = at_least('1e0 - (taken_off - missing_amount) / lines_value', '0e0') %}
{%- set notes = joined_notes(['value_notes', value_notes(custom_order_notes())]) %}
{%- set staged_lines = custom_staged_columns('netted', {
    'amount': 'net_amount', 'value_notes': notes, 'rejection': custom_rejection()
}) %}
{%- set staged_refunds = custom_staged_columns('refunds', {
    'event_id': 'refund_id',
    'event_at': 'booked_at', 'received_at': 'greatest(received_at, booked_at)', 'event_type': "'refund'",
    'item_id': 'refund_item_id', 'amount': 'refund_amount',
    'quantity': 'cast(null as double)', 'unit_price': 'cast(null as double)', 'listed_amount': 'cast(null as double)',
    'properties': 'cast(null as string)', 'value_notes': 'refund_notes'
}) %}
with

events as (

    select * from {{ ref('base_custom__events') }}

),
{% if custom_rows_are_records() %}
{{ custom_versioned_rows('events') }},

-- A row with neither item nor value stands for its order where others are the lines. A line that has left counts no more.
lines as (

    select
        *,
        {{ stands_for_order() }} and listed_amount is null as is_bare,
        coalesce(customer_id, device_id) as owner_id,
        coalesce(amount, quantity * unit_price) - coalesce(abs(line_discount), 0e0) - coalesce(line_tax, 0e0)
            as line_value,
        -- Of one line in several exports where nothing says which is newer: what is given back in all only grows.
        case when updated_at is null then max(abs(line_refund)) over (partition by event_id) else abs(line_refund) end
            as given_back,
        case when has_left then 0 else row_number() over (partition by event_id order by received_at desc, raw_row) end
            as copy_no,
        has_left or received_at < max(received_at) over (partition by event_id) as is_old
    from versioned

),

{{ placed_orders }},

orders as (

    select
        *,
        count(case when not is_bare then 1 end) over (partition by {{ partition }}, event_type) as line_count,
        max(event_at) over whole_order as last_event_at,
        sum(case when copy_no = 1 and event_type = 'purchase' then line_value end) over whole_order as lines_value,
        sum(case when copy_no = 1 and not is_bare then coalesce(quantity, 1e0) end) over whole_order as pieces,
        sum(case when copy_no = 1 and event_type = 'purchase' then unit_price end) over whole_order as prices,
        {%- for name, kind in order_columns.items() if not name.startswith('line_') %}
        {{ custom_said_of_order(name, kind) }},
        {%- endfor %}
        {{ in_some_files }} as is_in_some_files,
        row_number() over (
            partition by {{ partition }}
            order by
                case when event_type <> 'purchase' then 2 when is_bare or has_left then 1 else 0 end, event_id, copy_no
        ) as place_no
    from placed
    window whole_order as (partition by {{ partition }})

),

-- What was paid for the order, without shipping and tax; and what of its lines' value was not paid.
paid as (

    select
        *,
        whole_order_amount - coalesce(whole_order_shipping, 0e0) - coalesce(whole_order_tax, 0e0) as order_value,
        coalesce(whole_order_discount, {{ at_least(overpriced, '0e0') }}, 0e0) + coalesce(whole_included_tax, 0e0)
            as taken_off
    from orders

),

-- Some exports count the pieces that were kept: what was given back is in the order's amount, and missing from its lines.
completed as (

    select
        *,
        case
            when whole_order_refund > 0e0 and order_value - lines_value + taken_off > 5e-3 then {{ missing }}
            else 0e0
        end as missing_amount
    from paid

),

netted as (

    select
        *,
        case
            when event_type <> 'purchase' then amount
            when line_value is not null and lines_value > 0
                then line_value * {{ unpaid_left }}
            when line_value is not null and missing_amount > 0e0 and prices > 0e0
                then missing_amount * coalesce(unit_price, 0e0) / prices
            when line_value is null and coalesce(lines_value, 0e0) = 0e0
                then order_value * coalesce(quantity, 1e0) / coalesce(pieces, 1e0)
            else line_value
        end as net_amount
    from completed

),

{{ refunds }},

final as (

    select
        {{ staged_lines }}
    from netted

    union all

    select
        {{ staged_refunds }}
    from refunds
    {{- and_custom_labels('netted') }}

)
{%- else %}
final as (

    select
        {{ custom_staged_columns('events', {}) }}
    from events
    {{- and_custom_labels('events') }}

)
{%- endif %}

select * from final
