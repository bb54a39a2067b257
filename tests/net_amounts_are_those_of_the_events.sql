-- What customers bought less what they gave back, of each of them: the profile and the newest lifecycle snapshot say
-- what the events say. Returns the customers for whom they do not.
with

events as (

    select * from {{ ref('int_stitched_events') }}
    where event_type in ('purchase', 'refund')
        and customer_no is not null
        -- What a device bought before the day of its first login belongs to no customer in what is computed point in
        -- time.
        and is_known_later is not true

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
        customer_no,
        coalesce(sum(cast(amount as decimal(18, 4))), 0) as net_amount
    from events
    group by customer_no

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
