-- How likely a customer is to buy nothing within the horizon, from the as-of date on; since when the shop is warned;
-- and whether it pays to contact them, which it does for nobody with a known fraud. A horizon that does not pass its
-- gates has no rows; one whose values do not pass theirs has no values at risk.
with

scored as (

    select * from {{ ref('scored_churn') }} as scored
    where {{ is_shown('churn') }}

),

scored_value as (

    select * from {{ ref('scored_value') }} as scored
    where {{ is_shown('value') }}

),

-- What moves the score most: three reasons, and the two ideas of the first; a score that one rate makes has no driver.
drivers as (

    select
        customer_key,
        horizon_days,
        max(case when idea_rank = 1 and idea <> 'rate' then idea end) as top_driver,
        max(case when idea_rank = 2 then idea end) as second_driver,
        max(case when idea_rank = 1 and idea <> 'rate' then link_contribution end) as top_driver_effect,
        max(case when idea_rank = 2 then link_contribution end) as second_driver_effect,
        {{- placed_reasons('churn', "score = 'churn'") }}
    from {{ ref('score_attributions') }}
    where score = 'churn'
        and idea_rank <= 3
    group by
        customer_key,
        horizon_days

),

customers as (

    select * from {{ ref('int_customers') }}

),

rfm as (

    select * from {{ ref('customer_rfm') }}

),

known_frauds as (

    select * from {{ ref('int_known_frauds') }}

),

-- If they stay they spend what is expected of them, given that they buy at all; where that is hardly ever, the quotient
-- of two small numbers says little, so it counts up to what they have spent in as many days before, or one order.
paced as (

    select
        scored_value.customer_no,
        scored_value.horizon_days,
        scored_value.predicted_amount / nullif(scored_value.purchase_probability, 0) as amount_if_they_buy,
        rfm.amount_per_order_day,
        rfm.order_day_count * scored_value.horizon_days
        / cast({{ at_least('rfm.days_since_first_order', 'scored_value.horizon_days') }} as double)
            as orders_at_their_pace
    from scored_value
    inner join customers on scored_value.customer_no = customers.customer_no
    left join rfm on customers.customer_key = rfm.customer_key

),

kept as (

    select
        customer_no,
        horizon_days,
        {{ at_most(
            'amount_if_they_buy', 'amount_per_order_day * ' ~ at_least('orders_at_their_pace', 1)
        ) }} as amount_if_kept
    from paced

),

-- A customer lapses on the day that they have been silent for a whole horizon.
at_risk as (

    select
        scored.*,
        kept.amount_if_kept,
        scored.probability * kept.amount_if_kept as value_at_risk,
        cast(
            {{ dbt.dateadd('day', 'scored.horizon_days - scored.silent_days', 'scored.cutoff_date') }} as date
        ) as lapse_date
    from scored
    left join kept
        on scored.customer_no = kept.customer_no
        and scored.horizon_days = kept.horizon_days

),

final as (

    select
        customers.customer_key,

        case
            when at_risk.probability >= {{ double_var('high_risk_probability') }} then 'high'
            when at_risk.probability >= {{ double_var('medium_risk_probability') }} then 'medium'
            else 'low'
        end as risk_band,
        drivers.top_driver,
        drivers.second_driver,
        {{ prefixed('drivers', reason_columns('churn')) | join(', ') }},

        cast(at_risk.horizon_days as integer) as horizon_days,
        at_risk.probability as churn_probability,
        drivers.top_driver_effect,
        drivers.second_driver_effect,
        cast(rank() over (partition by at_risk.horizon_days order by at_risk.probability desc) as integer) as risk_rank,
        cast({{ days_between('at_risk.first_warning_date', 'at_risk.lapse_date') }} as integer) as lead_days,
        at_risk.value_at_risk,
        at_risk.value_at_risk * {{ double_var('save_rate') }} - {{ double_var('contact_cost') }} as contact_gain,
        {{ double_var('contact_cost') }} / nullif({{ double_var('save_rate') }} * at_risk.amount_if_kept, 0)
            as contact_threshold,

        known_frauds.customer_no is null
        and coalesce(at_risk.value_at_risk * {{ double_var('save_rate') }} > {{ double_var('contact_cost') }}, false)
            as is_worth_contacting,
        known_frauds.customer_no is not null as has_payments_to_review,

        at_risk.first_warning_date,
        at_risk.lapse_date,
        at_risk.cutoff_date as as_of_date,

        at_risk.run_id as model_run_id
    from at_risk
    inner join customers on at_risk.customer_no = customers.customer_no
    left join known_frauds on at_risk.customer_no = known_frauds.customer_no
    left join drivers
        on customers.customer_key = drivers.customer_key
        and at_risk.horizon_days = drivers.horizon_days

)

select * from final
