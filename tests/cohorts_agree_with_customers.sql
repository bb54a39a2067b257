-- Each slice of the cohorts holds every customer once, and their order days and money in full.
with

customers as (

    select
        count(*) as customer_count,
        coalesce(sum(order_day_count), 0) as order_day_count,
        coalesce(sum(net_amount), 0) as net_amount
    from {{ ref('customer_rfm') }}

),

slices as (

    select
        slice_name,
        sum(case when months_since = 0 then customer_count else 0 end) as customer_count,
        sum(order_day_count) as order_day_count,
        sum(net_amount) as net_amount
    from {{ ref('journey_cohorts') }}
    group by slice_name

)

select
    slices.*,
    customers.customer_count as expected_customer_count,
    customers.order_day_count as expected_order_day_count,
    customers.net_amount as expected_net_amount
from customers
left join slices on true
where customers.customer_count > 0
    and not coalesce(
        slices.customer_count = customers.customer_count
        and slices.order_day_count = customers.order_day_count
        and abs(slices.net_amount - customers.net_amount) < 0.01e0,
        false
    )
