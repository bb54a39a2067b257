-- Recency, frequency and monetary value of every customer who has bought, as of the day after the newest event.
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where is_as_of

),

features as (

    select * from {{ ref('int_customer_features') }}
    where f_order_days > 0

),

lifecycle as (

    select * from {{ ref('int_lifecycle_states') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

-- Customers who are alike get the same score: ties share the rank of the first among them.
ranked as (

    select
        features.customer_no,
        features.cutoff_date,
        features.f_recency_days,
        features.f_order_days,
        features.f_order_count,
        features.f_amount,
        features.f_first_order_days,
        percent_rank() over (order by features.f_recency_days desc) as recency_rank,
        percent_rank() over (order by features.f_order_days) as frequency_rank,
        percent_rank() over (order by features.f_amount) as monetary_rank
    from features
    inner join cutoffs on features.cutoff_date = cutoffs.cutoff_date

),

scored as (

    select
        *,
        {{ fifth_of('recency_rank') }} as recency_score,
        {{ fifth_of('frequency_rank') }} as frequency_score,
        {{ fifth_of('monetary_rank') }} as monetary_score
    from ranked

),

final as (

    select
        customers.customer_key,

        cast(scored.recency_score as string)
        || cast(scored.frequency_score as string)
        || cast(scored.monetary_score as string) as rfm_score,

        cast(scored.f_recency_days as integer) as recency_days,
        cast(scored.f_order_days as integer) as order_day_count,
        cast(scored.f_order_count as integer) as order_count,
        lifecycle.net_amount,
        scored.f_amount as order_day_amount,
        scored.f_amount / scored.f_order_days as amount_per_order_day,
        cast(scored.f_first_order_days as integer) as days_since_first_order,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,

        scored.cutoff_date as as_of_date
    from scored
    inner join customers on scored.customer_no = customers.customer_no
    inner join lifecycle
        on scored.customer_no = lifecycle.customer_no
        and scored.cutoff_date = lifecycle.cutoff_date

)

select * from final
