-- Who comes back: customers by the month of their first order, followed month by month, in slices by how they first
-- arrived. A month that is not over holds counts and money but no rates: it would look like a drop.
with

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

activity as (

    select * from {{ ref('int_cohort_activity') }}

),

span as (

    select
        min(cohorts.cohort_month) as first_month,
        max(cutoffs.as_of_date) as as_of_date,
        max(cutoffs.complete_until) as complete_until
    from cohorts
    cross join cutoffs

),

months as (

    select
        {{ each_month('first_month', dbt.dateadd('day', -1, 'as_of_date')) }} as period_month,
        complete_until
    from span
    where first_month is not null

),

-- Every month from the first order to the newest one, also those in which nobody came back.
followed as (

    select
        cohorts.cohort_month,
        cohorts.slice_name,
        cohorts.slice_value,
        months.period_month,
        {{ months_between('cohorts.cohort_month', 'months.period_month') }} as months_since,
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
