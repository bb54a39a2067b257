-- Revenue net of refunds is what the events say: no purchase and no refund is lost, doubled or booked on another day.
-- What a refund gives back whose event does not say it follows from its order, and is left out here.
with

events as (

    select
        source,
        event_type as line_type,
        shop_day as booked_on,
        count(*) as line_count,
        sum(amount) as amount
    from {{ ref('int_events') }}
    where event_type in ('purchase', 'refund')
    group by source, event_type, shop_day

),

unstated_refunds as (

    select
        source,
        event_id
    from {{ ref('int_events') }}
    where event_type = 'refund'
        and amount is null

),

order_lines as (

    select
        lines.source,
        lines.line_type,
        lines.booked_on,
        count(*) as line_count,
        sum(case when unstated_refunds.event_id is null then lines.amount end) as amount
    from {{ ref('order_lines') }} as lines
    left join unstated_refunds
        on lines.order_line_id = unstated_refunds.event_id
        and lines.source = unstated_refunds.source
    group by lines.source, lines.line_type, lines.booked_on

)

select
    coalesce(events.source, order_lines.source) as source,
    coalesce(events.line_type, order_lines.line_type) as line_type,
    coalesce(events.booked_on, order_lines.booked_on) as booked_on,
    events.line_count as event_count,
    order_lines.line_count,
    events.amount as event_amount,
    order_lines.amount
from events
full outer join order_lines
    on events.source = order_lines.source
    and events.line_type = order_lines.line_type
    and events.booked_on = order_lines.booked_on
where events.line_count is distinct from order_lines.line_count
    or abs(coalesce(events.amount, 0) - coalesce(order_lines.amount, 0)) > 0.005e0
