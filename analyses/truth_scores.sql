{{ config(enabled=source_is_enabled('storefront')) }}

-- How near the scores come to what the simulated shop knows, one row a figure. Spearman's correlation (ranks, ties at
-- their first) for orders; shares for intervals. The true hazard of silence comes from whether the customer has left
-- and how often they buy while they have not; the true expected spend from the same and their mean order.
with

churn_risk as (

    select * from {{ ref('churn_risk') }}

),

customer_value as (

    select * from {{ ref('customer_value') }}

),

purchase_intent as (

    select * from {{ ref('purchase_intent') }}

),

session_keys as (

    select * from {{ ref('sessions') }}

),

rfm as (

    select * from {{ ref('customer_rfm') }}

),

customers as (

    select
        {{ hmac_sha256("'storefront:customer:' || customer_id") }} as customer_key,
        customer_id,
        orders_per_day,
        dropout_per_day,
        churned_at
    from truth_storefront.truth_customers

),

-- P(no order in H days): the customer has left, or none comes before they leave or the window ends.
hazards as (

    select
        churn_risk.horizon_days,
        churn_risk.churn_probability,
        case
            when customers.churned_at < churn_risk.as_of_date then 1e0
            else 1e0 - customers.orders_per_day / (customers.orders_per_day + customers.dropout_per_day)
                * (1e0 - exp(-(customers.orders_per_day + customers.dropout_per_day) * churn_risk.horizon_days))
        end as true_probability
    from churn_risk
    inner join customers on churn_risk.customer_key = customers.customer_key

),

hazard_ranks as (

    select
        horizon_days,
        rank() over (partition by horizon_days order by churn_probability) as told,
        rank() over (partition by horizon_days order by true_probability) as true_rank
    from hazards

),

-- Expected orders until the customer leaves or the window ends, times their own mean order.
expectations as (

    select
        customer_value.horizon_days,
        customer_value.predicted_amount,
        customer_value.lower_amount,
        customer_value.upper_amount,
        rfm.amount_per_order_day * case
            when customers.churned_at < customer_value.as_of_date then 0e0
            else customers.orders_per_day / nullif(customers.dropout_per_day, 0)
                * (1e0 - exp(-customers.dropout_per_day * customer_value.horizon_days))
        end as true_amount
    from customer_value
    inner join customers on customer_value.customer_key = customers.customer_key
    inner join rfm on customer_value.customer_key = rfm.customer_key

),

expectation_ranks as (

    select
        horizon_days,
        rank() over (partition by horizon_days order by predicted_amount) as told,
        rank() over (partition by horizon_days order by true_amount) as true_rank,
        case when true_amount between lower_amount and upper_amount then 1e0 else 0e0 end as is_covered
    from expectations
    where true_amount is not null

),

-- A visit of the truth and a session belong together by customer and minute of the start.
propensities as (

    select
        purchase_intent.prefix_length,
        rank() over (partition by purchase_intent.prefix_length order by purchase_intent.session_probability) as told,
        rank() over (partition by purchase_intent.prefix_length order by visits.purchase_probability) as true_rank
    from purchase_intent
    inner join session_keys on purchase_intent.session_id = session_keys.session_id
    inner join customers on session_keys.customer_key = customers.customer_key
    inner join truth_storefront.truth_visits as visits
        on customers.customer_id = visits.customer_id
        and abs({{ seconds_between('session_keys.started_at', 'visits.started_at') }}) < 60
    where purchase_intent.session_probability is not null

),

final as (

    select
        'churn orders customers as their true hazard does, ' || horizon_days || ' days: Spearman' as what,
        corr(told, true_rank) as figure,
        count(*) as row_count
    from hazard_ranks
    group by horizon_days
    union all
    select
        'value orders customers as their true expected spend does, ' || horizon_days || ' days: Spearman' as what,
        corr(told, true_rank) as figure,
        count(*) as row_count
    from expectation_ranks
    group by horizon_days
    union all
    select
        'the 80 % interval holds the true expected spend, ' || horizon_days || ' days: share' as what,
        avg(is_covered) as figure,
        count(*) as row_count
    from expectation_ranks
    group by horizon_days
    union all
    select
        'intent orders sessions as their true propensity does, after ' || prefix_length || ' events: Spearman' as what,
        corr(told, true_rank) as figure,
        count(*) as row_count
    from propensities
    group by prefix_length

)

select
    what,
    round(figure, 3) as figure,
    row_count
from final
order by what
