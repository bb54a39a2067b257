-- What was paid and what was given back, one row a line. The amounts add up to the revenue net of refunds, each line on
-- the day that it was booked.
with

lines as (

    select * from {{ ref('int_order_lines') }}

),

items as (

    select * from {{ ref('int_items') }}

),

session_events as (

    select * from {{ ref('int_session_events') }}
    where event_type = 'purchase'

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

-- Where a campaign cuts sessions, two may meet within one moment: the earlier one takes the purchases.
purchase_sessions as (

    select
        visitor_no,
        event_at,
        min(session_started_at) as session_started_at
    from session_events
    group by visitor_no, event_at

),

purchases as (

    select
        lines.*,
        sessions.session_id,
        row_number() over (
            partition by lines.order_key
            order by {{ order_of_acts('lines', event_at='booked_at', event_id='order_line_id') }}
        ) as line_no
    from lines
    left join purchase_sessions
        on lines.visitor_no = purchase_sessions.visitor_no
        and lines.booked_at = purchase_sessions.event_at
    left join sessions
        on purchase_sessions.visitor_no = sessions.visitor_no
        and purchase_sessions.session_started_at = sessions.session_started_at
    where lines.event_type = 'purchase'

),

-- A refund belongs to the session that its order was placed in, so that a channel answers for what it sold.
refunds as (

    select
        lines.*,
        orders.session_id,
        orders.line_no
    from lines
    left join purchases as orders
        on lines.order_key = orders.order_key
        and orders.line_no = 1
    where lines.event_type = 'refund'

),

booked as (

    select * from purchases
    union all
    select * from refunds

),

final as (

    select
        booked.order_line_id,
        booked.order_key,
        booked.session_id,
        booked.customer_key,

        booked.source,
        booked.event_type as line_type,
        booked.item_id,
        items.item_name,
        items.category,
        items.brand,

        booked.quantity,
        booked.amount,
        booked.discount_amount,

        booked.ordered_at,
        booked.ordered_on,
        booked.booked_at,
        booked.booked_on
    from booked
    left join items
        on booked.source = items.source
        and booked.item_id = items.item_id

)

select * from final
