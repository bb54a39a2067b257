-- What each customer had done by each snapshot date, over the shop's whole life: what happened between two dates is
-- added up once, and runs on from date to date. Lifecycle states and segments follow from it.
with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

orders as (

    select * from {{ ref('int_order_histories') }}

),

dates as (

    select * from {{ ref('int_snapshot_dates') }}

),

-- The first date that includes a day.
told_on as (

    select
        days.active_on,
        min(dates.cutoff_date) as cutoff_date
    from (select distinct customer_days.active_on from customer_days) as days
    inner join dates on days.active_on < dates.cutoff_date
    group by days.active_on

),

first_days as (

    select
        customer_no,
        min(active_on) as first_seen_on
    from customer_days
    group by customer_no

),

-- A visit is a day on which customers did something themselves. What the shop sends or books is none.
visits as (

    select
        customer_no,
        active_on,
        cart_count,
        net_amount,
        session_count > 0 or view_count > 0 or search_count > 0 or cart_count > 0 or order_count > 0 as is_visit
    from customer_days

),

-- Decimals: sums of floats would depend on their order.
visits_by_date as (

    select
        visits.customer_no,
        told_on.cutoff_date,
        max(case when visits.is_visit then visits.active_on end) as visited_on,
        min(
            case
                when visits.is_visit and (visits.cart_count > 0 or visits.active_on > first_days.first_seen_on)
                    then visits.active_on
            end
        ) as activated_on,
        sum(cast(visits.net_amount as decimal(18, 4))) as net_amount
    from visits
    inner join told_on on visits.active_on = told_on.active_on
    inner join first_days on visits.customer_no = first_days.customer_no
    group by visits.customer_no, told_on.cutoff_date

),

lives as (

    select
        first_days.customer_no,
        first_days.first_seen_on,
        dates.cutoff_date
    from first_days
    inner join dates on first_days.first_seen_on < dates.cutoff_date

),

final as (

    select
        lives.customer_no,
        lives.cutoff_date,

        lives.first_seen_on,
        min(visits.activated_on) over so_far as activated_on,
        max(visits.visited_on) over so_far as last_visited_on,
        orders.last_ordered_on,
        orders.previous_ordered_on,

        cast(coalesce(orders.order_day_count, 0) as integer) as order_day_count,
        cast(sum(coalesce(visits.net_amount, 0)) over so_far as double) as net_amount,
        cast(coalesce(visits.net_amount, 0) as double) as period_amount,
        coalesce(orders.faded_order_days, 0e0) as faded_order_days,
        coalesce(orders.faded_amount, 0e0) as faded_amount
    from lives
    left join visits_by_date as visits
        on lives.customer_no = visits.customer_no
        and lives.cutoff_date = visits.cutoff_date
    left join orders
        on lives.customer_no = orders.customer_no
        and lives.cutoff_date = orders.cutoff_date
    window so_far as (partition by lives.customer_no order by lives.cutoff_date rows unbounded preceding)

)

select * from final
