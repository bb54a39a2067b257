-- What customers bought less what they gave back, of each of them: the profile and the newest lifecycle snapshot say
-- what the events say. What a refund gives back that does not say it follows from its order. Returns the customers for
-- whom they differ.
with

events as (

    select * from {{ ref('int_stitched_events') }}
    where event_type in ('purchase', 'refund')
        and customer_no is not null
        -- What a device bought before the day of its first login belongs to no customer in what is computed point in
        -- time.
        and is_known_later is not true

),

-- Of refunds whose events say no amount.
order_lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'refund'

),

customers as (

    select * from {{ ref('int_customers') }}

),

profiles as (

    select * from {{ ref('customer_profile') }}

),

snapshots as (

    select * from {{ ref('customer_lifecycle') }}
    where is_as_of

),

bought as (

    select
        events.customer_no,
        coalesce(sum(cast(coalesce(events.amount, order_lines.amount) as decimal(18, 4))), 0) as net_amount
    from events
    left join order_lines
        on events.event_id = order_lines.order_line_id
        and events.source = order_lines.source
    group by events.customer_no

)

select
    customers.customer_key,
    bought.net_amount as expected_net_amount,
    profiles.net_amount as profile_net_amount,
    snapshots.net_amount as snapshot_net_amount
from customers
left join bought on customers.customer_no = bought.customer_no
left join profiles on customers.customer_key = profiles.customer_key
left join snapshots on customers.customer_key = snapshots.customer_key
where abs(coalesce(bought.net_amount, 0) - coalesce(profiles.net_amount, -1e300)) >= 0.01e0
    or (bought.customer_no is not null and abs(bought.net_amount - coalesce(snapshots.net_amount, -1e300)) >= 0.01e0)
