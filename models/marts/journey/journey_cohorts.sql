-- Who comes back: customers by the month of their first order, followed month by month, in slices by how they first
-- came. A month that is not over holds counts and money but no rates: it would look like a drop.
with recursive

customer_days as (

    select
        customer_no,
        active_on,
        net_amount,
        cast({{ dbt.date_trunc('month', 'active_on') }} as date) as active_month,
        is_order_day,
        row_number() over (partition by customer_no, is_order_day order by active_on) as day_no
    from {{ ref('int_customer_days') }}
    where is_order_day or net_amount <> 0

),

members as (

    select * from {{ ref('int_cohort_members') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where is_as_of

),

cohorts as (

    select
        cohort_month,
        slice_name,
        slice_value,
        count(*) as customer_count
    from members
    group by cohort_month, slice_name, slice_value

),

-- Money goes by its own day, what is given back too. What is dated before the first month of the cohort (an order that
-- was given back on its day, say) counts in that month, so that nothing is lost.
customer_months as (

    select
        customer_days.customer_no,
        greatest(customer_days.active_month, members.cohort_month) as period_month,
        count(case when customer_days.is_order_day then 1 end) as order_day_count,
        count(case when customer_days.is_order_day and customer_days.day_no = 2 then 1 end)
            as new_repeat_customer_count,
        sum(cast(customer_days.net_amount as decimal(18, 4))) as net_amount
    from customer_days
    inner join members
        on customer_days.customer_no = members.customer_no
        and members.slice_name = 'all'
    group by customer_days.customer_no, greatest(customer_days.active_month, members.cohort_month)

),

activity as (

    select
        members.cohort_month,
        members.slice_name,
        members.slice_value,
        customer_months.period_month,
        count(case when customer_months.order_day_count > 0 then 1 end) as active_customer_count,
        sum(customer_months.order_day_count) as order_day_count,
        sum(customer_months.new_repeat_customer_count) as new_repeat_customer_count,
        sum(customer_months.net_amount) as net_amount
    from members
    inner join customer_months on members.customer_no = customer_months.customer_no
    group by members.cohort_month, members.slice_name, members.slice_value, customer_months.period_month

),

months as (

    select
        min(cohorts.cohort_month) as period_month,
        max(cutoffs.as_of_date) as as_of_date,
        max(cutoffs.complete_until) as complete_until
    from cohorts
    cross join cutoffs
    having min(cohorts.cohort_month) is not null

    union all

    select
        cast({{ dbt.dateadd('month', 1, 'period_month') }} as date) as period_month,
        as_of_date,
        complete_until
    from months
    where {{ dbt.dateadd('month', 1, 'period_month') }} < as_of_date

),

-- Every month from the first order to the newest one, also those in which nobody came back.
followed as (

    select
        cohorts.cohort_month,
        cohorts.slice_name,
        cohorts.slice_value,
        months.period_month,
        12 * (extract(year from months.period_month) - extract(year from cohorts.cohort_month))
        + extract(month from months.period_month) - extract(month from cohorts.cohort_month) as months_since,
        cohorts.customer_count,
        coalesce(activity.active_customer_count, 0) as active_customer_count,
        coalesce(activity.order_day_count, 0) as order_day_count,
        coalesce(activity.net_amount, 0) as net_amount,
        sum(coalesce(activity.new_repeat_customer_count, 0)) over so_far as repeat_customer_count,
        sum(coalesce(activity.net_amount, 0)) over so_far as cumulative_net_amount,
        {{ dbt.dateadd('month', 1, 'months.period_month') }} <= months.complete_until as is_complete
    from cohorts
    inner join months on cohorts.cohort_month <= months.period_month
    left join activity
        on cohorts.cohort_month = activity.cohort_month
        and cohorts.slice_name = activity.slice_name
        and cohorts.slice_value = activity.slice_value
        and months.period_month = activity.period_month
    window so_far as (
        partition by cohorts.cohort_month, cohorts.slice_name, cohorts.slice_value
        order by months.period_month
    )

),

final as (

    select
        cohort_month,
        slice_name,
        slice_value,
        cast(months_since as integer) as months_since,

        customer_count,
        active_customer_count,
        cast(repeat_customer_count as bigint) as repeat_customer_count,
        cast(order_day_count as bigint) as order_day_count,
        cast(net_amount as double) as net_amount,
        cast(cumulative_net_amount as double) as cumulative_net_amount,
        case when is_complete then active_customer_count * 1e0 / customer_count end as retention_share,
        case when is_complete then repeat_customer_count * 1e0 / customer_count end as repeat_share,
        case
            when is_complete then cast(cumulative_net_amount as double) / customer_count
        end as cumulative_amount_per_customer,

        is_complete,

        period_month
    from followed

)

select * from final
