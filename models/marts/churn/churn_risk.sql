-- How likely a customer is to buy nothing within the horizon, from the as-of date on.
with

scored as (

    select * from {{ ref('scored_churn') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

final as (

    select
        customers.customer_key,

        case
            when scored.probability >= {{ var('high_risk_probability') }} then 'high'
            when scored.probability >= {{ var('medium_risk_probability') }} then 'medium'
            else 'low'
        end as risk_band,
        scored.top_driver,
        scored.second_driver,

        cast(scored.horizon_days as integer) as horizon_days,
        scored.probability as churn_probability,
        scored.top_driver_effect,
        scored.second_driver_effect,
        cast(rank() over (partition by scored.horizon_days order by scored.probability desc) as integer) as risk_rank,

        scored.cutoff_date as as_of_date,

        scored.run_id as model_run_id
    from scored
    inner join customers on scored.customer_no = customers.customer_no

)

select * from final
