{{ config(materialized='view') }}

-- What each cohort did in each calendar month in which any of its customers did something, in slices.
with

order_days as (

    select
        customer_no,
        net_amount,
        {{ month_start('active_on') }} as active_month,
        is_order_day,
        row_number() over (partition by customer_no, is_order_day order by active_on) as day_no
    from {{ ref('int_customer_days') }}
    where is_order_day or net_amount <> 0

),

members as (

    select * from {{ ref('int_cohort_members') }}

),

-- Money goes by its own day, what is given back too. What is dated before the first month of the cohort (an order that
-- was given back on its day, say) counts in that month, so that nothing is lost.
dated as (

    select
        order_days.customer_no,
        {{ at_least('order_days.active_month', 'members.cohort_month') }} as period_month,
        order_days.net_amount,
        order_days.day_no,
        order_days.is_order_day
    from order_days
    inner join members
        on order_days.customer_no = members.customer_no
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
