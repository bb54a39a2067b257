-- What a customer is expected to spend within the horizon, how sure that is, and the tier they fall into.
with

scored as (

    select * from {{ ref('scored_value') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

final as (

    select
        customers.customer_key,

        scored.tier,

        cast(scored.horizon_days as integer) as horizon_days,
        scored.predicted_amount,
        scored.lower_amount,
        scored.upper_amount,
        scored.predicted_orders,
        scored.predicted_amount / nullif(scored.predicted_orders, 0) as predicted_order_amount,
        scored.purchase_probability,
        scored.tier_vip_probability,
        scored.tier_regular_probability,
        scored.tier_potential_probability,

        scored.cutoff_date as as_of_date,

        scored.run_id as model_run_id
    from scored
    inner join customers on scored.customer_no = customers.customer_no

)

select * from final
