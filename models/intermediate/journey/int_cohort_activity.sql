{{ config(materialized='view') }}

-- What each cohort did in each calendar month in which any of its customers did something, in slices.
with

entries as (

    select * from {{ ref('int_order_entries') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}
    where net_amount <> 0

),

order_days as (

    select
        customer_no,
        ordered_on
    from entries
    group by customer_no, ordered_on
    having sum(order_day_count) > 0

),

days as (

    select
        customer_no,
        {{ month_start('ordered_on') }} as active_month,
        0e0 as net_amount,
        true as is_order_day,
        row_number() over (partition by customer_no order by ordered_on) as day_no
    from order_days

    union all

    select
        customer_no,
        {{ month_start('active_on') }} as active_month,
        net_amount,
        false as is_order_day,
        cast(null as bigint) as day_no
    from customer_days

),

members as (

    select * from {{ ref('int_cohort_members') }}

),

-- Money goes by its own day, what is given back too. What is dated before the first month of the cohort (an order that
-- was given back on its day, say) counts in that month, so that nothing is lost.
dated as (

    select
        days.customer_no,
        {{ at_least('days.active_month', 'members.cohort_month') }} as period_month,
        days.net_amount,
        days.day_no,
        days.is_order_day
    from days
    inner join members
        on days.customer_no = members.customer_no
        and members.slice_name = 'all'

),

customer_months as (

    select
        customer_no,
        period_month,
        count(case when is_order_day then 1 end) as order_day_count,
        count(case when is_order_day and day_no = 2 then 1 end) as new_repeat_customer_count,
        sum(cast(net_amount as decimal(18, 4))) as net_amount
    from dated
    group by customer_no, period_month

),

final as (

    select
        members.cohort_month,
        members.slice_name,
        members.slice_value,
        customer_months.period_month,

        count(case when customer_months.order_day_count > 0 then 1 end) as active_customer_count,
        cast(sum(customer_months.order_day_count) as bigint) as order_day_count,
        cast(sum(customer_months.new_repeat_customer_count) as bigint) as new_repeat_customer_count,
        sum(customer_months.net_amount) as net_amount
    from members
    inner join customer_months on members.customer_no = customer_months.customer_no
    group by members.cohort_month, members.slice_name, members.slice_value, customer_months.period_month

)

select * from final
