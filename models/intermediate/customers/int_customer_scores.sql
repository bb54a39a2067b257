-- What the scorer says of each customer for the longest horizon, and the item it would show her first.
{%- set longest_horizon = var('horizons_days') | max %}
with

churn as (

    select * from {{ ref('scored_churn') }}
    where horizon_days = {{ longest_horizon }}

),

spend as (

    select * from {{ ref('scored_value') }}
    where horizon_days = {{ longest_horizon }}

),

recommended as (

    select * from {{ ref('scored_recommendations') }}
    where rank = 1

),

scored as (

    select customer_no from churn
    union
    select customer_no from spend
    union
    select customer_no from recommended

),

final as (

    select
        scored.customer_no,
        recommended.item_id as top_item_id,

        spend.tier,

        churn.probability as churn_probability,
        spend.predicted_amount
    from scored
    left join churn on scored.customer_no = churn.customer_no
    left join spend on scored.customer_no = spend.customer_no
    left join recommended on scored.customer_no = recommended.customer_no

)

select * from final
