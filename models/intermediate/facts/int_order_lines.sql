-- What was paid and what was given back, one row a line, of customers, of devices that nobody has logged in on, and of
-- nobody, where a shop knows neither.
-- Refunds are negative. Each line is booked when it was paid, given back or updated; a refund and an update belong to
-- the time of their order.
-- One that does not say how much was given back is worth what is still paid of its order, or of its item; without an
-- order, what it lists.
{%- set columns = [
    'order_line_id', 'source', 'visitor_no', 'customer_no', 'customer_key', 'order_key', 'item_id', 'event_type', 'currency',
    'quantity', 'unit_price', 'discount_amount', 'is_known_later', 'booked_at', 'booked_on', 'sequence_no', 'act_rank',
    'loaded_at'
] %}
with

stitched as (

    select * from {{ ref('int_stitched_events') }}
    where event_type in ('purchase', 'refund')

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

split_orders as (

    select * from {{ ref('int_split_orders') }}

),

lines as (

    select
        stitched.event_id as order_line_id,
        stitched.source,
        stitched.visitor_no,
        stitched.customer_no,
        case when stitched.customer_no is not null then keys.identity_key end as customer_key,
        -- A shop that numbers no orders: what a visitor buys within a day is one order, and what nobody buys at one
        -- moment. Shops may share numbers.
        coalesce(
            split_orders.order_key,
            stitched.order_id,
            {{ id_key(
                'day',
                "keys.identity_key || ':' || cast(stitched.shop_day as string)",
                'stitched.source'
            ) }},
            {{ id_key('moment', 'cast(' ~ microseconds_of('stitched.event_at') ~ ' as string)', 'stitched.source') }}
        ) as order_key,
        stitched.order_id is not null as is_numbered,
        stitched.item_id,

        stitched.event_type,
        stitched.currency,

        stitched.quantity,
        stitched.unit_price,
        stitched.amount,
        stitched.listed_amount,
        case
            when stitched.event_type = 'purchase'
                then greatest(coalesce(stitched.quantity * stitched.unit_price - stitched.amount, 0), 0)
            else 0
        end as discount_amount,

        stitched.is_known_later,

        stitched.event_at as booked_at,
        stitched.shop_day as booked_on,
        coalesce(stitched.ordered_at, stitched.event_at) as placed_at,
        coalesce({{ shop_day_of('stitched.ordered_at') }}, stitched.shop_day) as placed_on,
        stitched.sequence_no,
        stitched.act_rank,
        stitched.loaded_at
    from stitched
    left join keys on stitched.visitor_no = keys.identity_no
    left join split_orders
        on stitched.event_id = split_orders.event_id
        and stitched.source = split_orders.source

),

{{ unstated_refunds('lines') }},

refunded as (

    select distinct
        order_key,
        visitor_no
    from lines
    where event_type = 'refund'

),

-- When refunded orders were placed. What was bought before the first login cannot be known as the customer's by then.
placed as (

    select
        lines.order_key,
        lines.visitor_no,
        min(lines.placed_at) as placed_at,
        min(lines.placed_on) as placed_on,
        min(case when lines.is_known_later is not true then lines.booked_at end) as placed_as_known_at,
        min(case when lines.is_known_later is not true then lines.booked_on end) as placed_as_known_on
    from lines
    inner join refunded
        on lines.order_key = refunded.order_key
        and lines.visitor_no is not distinct from refunded.visitor_no
    where lines.event_type = 'purchase'
    group by lines.order_key, lines.visitor_no

),

final as (

    select
        {{ prefixed('lines', columns) | join(', ') }},
        coalesce(lines.amount, unstated_refunds.amount, 0e0 - lines.listed_amount) as amount,
        case when placed.placed_at <= lines.booked_at then placed.placed_at else lines.placed_at end as ordered_at,
        case when placed.placed_at <= lines.booked_at then placed.placed_on else lines.placed_on end as ordered_on,
        case
            when placed.placed_as_known_at <= lines.booked_at then placed.placed_as_known_on
            else lines.booked_on
        end as netted_on
    from lines
    left join placed
        on lines.order_key = placed.order_key
        and lines.visitor_no is not distinct from placed.visitor_no
        and lines.event_type = 'refund'
    left join unstated_refunds
        on lines.order_line_id = unstated_refunds.order_line_id
        and lines.source = unstated_refunds.source

)

select * from final
