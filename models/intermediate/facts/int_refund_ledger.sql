-- What customers gave back, one row for each day that orders were placed on and each day that their refunds were booked
-- on, and what that changed in the order day. A refund without a known order stays on its booked day.
-- Whoever looks at the shop from a date knows the refunds that were booked before it: nothing is rewritten later.
with

refunds as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'refund'
        and customer_no is not null
        and is_known_later is not true

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

-- Decimals: sums of floats would leave a crumb of an order that was given back in full.
booked as (

    select
        customer_no,
        netted_on as ordered_on,
        booked_on,
        coalesce(sum(cast(amount as decimal(18, 4))), 0) as refund_amount
    from refunds
    group by customer_no, netted_on, booked_on

),

-- The day itself has taken off what was given back on it.
running as (

    select
        booked.customer_no,
        booked.ordered_on,
        booked.booked_on,
        booked.refund_amount,
        coalesce(customer_days.is_order_day, false) as was_order_day,
        cast(coalesce(customer_days.spend_amount, 0) as decimal(18, 4)) as day_spend,
        sum(case when booked.booked_on > booked.ordered_on then booked.refund_amount else 0 end) over (
            partition by booked.customer_no, booked.ordered_on
            order by booked.booked_on
            rows unbounded preceding
        ) as taken_off
    from booked
    left join customer_days
        on booked.customer_no = customer_days.customer_no
        and booked.ordered_on = customer_days.active_on

),

left_over as (

    select
        *,
        greatest(coalesce(day_spend + taken_off, 0), 0) as spend_left,
        case when was_order_day and (taken_off = 0 or day_spend + taken_off > 0) then 1 else 0 end as order_days_left,
        case when was_order_day then 1 else 0 end as order_days_at_first
    from running

),

final as (

    select
        customer_no,
        ordered_on,
        booked_on,

        cast(refund_amount as double) as refund_amount,
        cast(spend_left - lag(spend_left, 1, day_spend) over days as double) as spend_change,
        order_days_left - lag(order_days_left, 1, order_days_at_first) over days as order_day_change
    from left_over
    window days as (partition by customer_no, ordered_on order by booked_on)

)

select * from final
