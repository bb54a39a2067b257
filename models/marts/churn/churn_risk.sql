-- How likely a customer is to buy nothing within the horizon, from the as-of date on; since when the shop is warned;
-- and whether it pays to contact her.
with

scored as (

    select * from {{ ref('scored_churn') }}

),

scored_value as (

    select * from {{ ref('scored_value') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

-- A customer lapses on the day that she has been silent for a whole horizon. If she stays she spends what is expected
-- of a customer who buys.
weighed as (

    select
        scored.*,
        scored_value.predicted_amount / nullif(scored_value.purchase_probability, 0) as amount_if_kept,
        scored.probability * scored_value.predicted_amount / nullif(scored_value.purchase_probability, 0)
            as value_at_risk,
        cast(
            {{ dbt.dateadd('day', 'scored.horizon_days - scored.silent_days', 'scored.cutoff_date') }} as date
        ) as lapse_date
    from scored
    left join scored_value
        on scored.customer_no = scored_value.customer_no
        and scored.horizon_days = scored_value.horizon_days

),

final as (

    select
        customers.customer_key,

        case
            when weighed.probability >= {{ var('high_risk_probability') }} then 'high'
            when weighed.probability >= {{ var('medium_risk_probability') }} then 'medium'
            else 'low'
        end as risk_band,
        weighed.top_driver,
        weighed.second_driver,

        cast(weighed.horizon_days as integer) as horizon_days,
        weighed.probability as churn_probability,
        weighed.top_driver_effect,
        weighed.second_driver_effect,
        cast(rank() over (partition by weighed.horizon_days order by weighed.probability desc) as integer) as risk_rank,
        cast({{ days_between('weighed.first_warning_date', 'weighed.lapse_date') }} as integer) as lead_days,
        weighed.value_at_risk,
        weighed.value_at_risk * {{ var('save_rate') }} - {{ var('contact_cost') }} as contact_gain,
        {{ var('contact_cost') }} / nullif({{ var('save_rate') }} * weighed.amount_if_kept, 0) as contact_threshold,

        coalesce(weighed.value_at_risk * {{ var('save_rate') }} > {{ var('contact_cost') }}, false)
            as is_worth_contacting,

        weighed.first_warning_date,
        weighed.lapse_date,
        weighed.cutoff_date as as_of_date,

        weighed.run_id as model_run_id
    from weighed
    inner join customers on weighed.customer_no = customers.customer_no

)

select * from final
