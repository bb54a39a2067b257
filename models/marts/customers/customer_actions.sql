-- What to do for each customer next. The first rule that fits decides; a customer who does not want to be contacted
-- is shown something at her next visit, or left alone.
{%- set high_risk = var('high_risk_probability') %}
{%- set horizon = var('horizons_days') | max %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where is_as_of

),

lifecycle as (

    select * from {{ ref('int_lifecycle_states') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

customer_cutoffs as (

    select * from {{ ref('int_customer_cutoffs') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

churn as (

    select * from {{ ref('churn_risk') }}
    where horizon_days = {{ horizon }}

),

worth as (

    select * from {{ ref('customer_value') }}
    where horizon_days = {{ horizon }}

),

recommended as (

    select * from {{ ref('recommendations') }}
    where recommendation_rank = 1

),

actions as (

    select * from {{ ref('next_best_actions') }}

),

-- No score tells what a customer without an order will spend. What others in her place went on to spend does: those who
-- had no order at a cut-off whose horizon is over, in the same state and with or without something in the cart of late.
-- Decimals: means of floats would depend on their order.
prospects as (

    select
        lifecycle.lifecycle_state,
        coalesce(customer_cutoffs.f_carts_30d, 0) > 0 as has_basket,
        cast(avg(cast(customer_cutoffs.spend_next_{{ horizon }}d as decimal(18, 4))) as double) as mean_amount
    from customer_cutoffs
    inner join lifecycle
        on customer_cutoffs.customer_no = lifecycle.customer_no
        and customer_cutoffs.cutoff_date = lifecycle.cutoff_date
    where lifecycle.order_day_count = 0
        and customer_cutoffs.spend_next_{{ horizon }}d is not null
    group by lifecycle.lifecycle_state, coalesce(customer_cutoffs.f_carts_30d, 0) > 0

),

-- Who is listed but was never seen has no state; nothing is known that would call for an action.
standing as (

    select
        customers.customer_key,
        customers.has_marketing_consent,
        cutoffs.cutoff_date as as_of_date,
        lifecycle.lifecycle_state,
        lifecycle.order_day_count,
        lifecycle.recency_days,
        coalesce(features.f_carts_30d, 0) > 0 as has_basket,
        prospects.mean_amount as prospect_amount,
        churn.churn_probability,
        churn.value_at_risk,
        worth.predicted_amount,
        coalesce(recommended.item_name, recommended.item_id) as top_item,
        coalesce(customers.has_marketing_consent, {{ var('contact_when_consent_is_unknown') }}) as is_contact_allowed
    from customers
    cross join cutoffs
    left join lifecycle
        on customers.customer_no = lifecycle.customer_no
        and cutoffs.cutoff_date = lifecycle.cutoff_date
    left join features
        on customers.customer_no = features.customer_no
        and cutoffs.cutoff_date = features.cutoff_date
    left join prospects
        on lifecycle.order_day_count = 0
        and lifecycle.lifecycle_state = prospects.lifecycle_state
        and (coalesce(features.f_carts_30d, 0) > 0) = prospects.has_basket
    left join churn on customers.customer_key = churn.customer_key
    left join worth on customers.customer_key = worth.customer_key
    left join recommended on customers.customer_key = recommended.customer_key

),

wanted as (

    select
        *,
        case
            when lifecycle_state = 'lapsed' and order_day_count > 0 then 'win_back'
            when lifecycle_state = 'at_risk' then 'rescue'
            when order_day_count > 0 and churn_probability >= {{ high_risk }} then 'rescue'
            when order_day_count = 1 then 'second_order'
            when lifecycle_state = 'activation' and has_basket then 'nudge_basket'
            when lifecycle_state = 'loyalty' then 'reward'
            when top_item is not null then 'recommend'
            else 'wait'
        end as wanted_action
    from standing

),

allowed as (

    select
        wanted.*,
        case
            when not actions.is_contact or wanted.is_contact_allowed then wanted.wanted_action
            when wanted.top_item is not null then 'recommend'
            else 'wait'
        end as next_best_action
    from wanted
    inner join actions on wanted.wanted_action = actions.next_best_action

),

-- The rule that fitted, in words. Who has to wait or is shown something anyway is told why no other rule did.
reasoned as (

    select
        *,
        case
            when next_best_action = wanted_action then ''
            when has_marketing_consent = false then 'No consent to be contacted, hence no ' || wanted_action || '. '
            else 'No consent on record, hence no ' || wanted_action || '. '
        end as consent_reason,
        case
            when wanted_action = 'win_back'
                then 'Lapsed: no order for ' || recency_days || ' day(s), after ' || order_day_count || ' order day(s).'
            when lifecycle_state = 'at_risk'
                then 'At risk: no order for ' || recency_days || ' day(s), after ' || order_day_count
                    || ' order day(s).'
            when wanted_action = 'rescue'
                then 'Likely to be lost: last of ' || order_day_count || ' order day(s) was ' || recency_days
                    || ' day(s) ago.'
            when wanted_action = 'second_order' then 'One order day so far, ' || recency_days || ' day(s) ago.'
            when wanted_action = 'nudge_basket' then 'No order yet, but put something in the cart within 30 days.'
            when wanted_action = 'reward'
                then 'Loyal: ' || order_day_count || ' order day(s), the last ' || recency_days || ' day(s) ago.'
            when lifecycle_state is null then 'Listed, but never seen.'
            when order_day_count > 0
                then 'No need to write: last of ' || order_day_count || ' order day(s) was ' || recency_days
                    || ' day(s) ago.'
            when lifecycle_state = 'lapsed'
                then 'Nothing to write about: no order yet, and no visit within '
                    || {{ var('lifecycle_lapsed_days') }} || ' days.'
            else 'Nothing to write about: no order yet, and nothing put in the cart within 30 days.'
        end as rule_reason,
        case
            when next_best_action = 'recommend' then ' To be shown next: ' || top_item || '.'
            when next_best_action = 'wait' then ' There is no item to recommend.'
            else ''
        end as item_reason
    from allowed

),

final as (

    select
        reasoned.customer_key,

        reasoned.next_best_action,
        case
            when reasoned.next_best_action <> reasoned.wanted_action then reasoned.wanted_action
        end as withheld_action,
        reasoned.consent_reason || reasoned.rule_reason || reasoned.item_reason
        || coalesce(
            ' ' || cast(round(100 * reasoned.churn_probability) as integer) || ' % likely to buy nothing within '
            || {{ horizon }} || ' days.', ''
        )
        || case
            when reasoned.predicted_amount > 0
                then ' Expected to spend ' || cast(cast(reasoned.predicted_amount as decimal(18, 2)) as varchar) || '.'
            else ''
        end
        || coalesce(
            ' Earlier customers in this place spent '
            || cast(cast(reasoned.prospect_amount as decimal(18, 2)) as varchar)
            || ' on average within ' || {{ horizon }} || ' days.', ''
        ) as action_reason,

        -- What is in danger where a customer is slipping away or has not made it a habit, as churn_risk tells it; what
        -- is expected anyway for the others.
        case
            when reasoned.next_best_action in ('win_back', 'rescue', 'second_order') then reasoned.value_at_risk
            when reasoned.next_best_action = 'wait' then 0
            when reasoned.order_day_count = 0 then reasoned.prospect_amount
            else reasoned.predicted_amount
        end as action_expected_value,

        actions.is_contact as is_contact_action,
        reasoned.is_contact_allowed,
        reasoned.has_marketing_consent,

        reasoned.as_of_date
    from reasoned
    inner join actions on reasoned.next_best_action = actions.next_best_action

)

select * from final
