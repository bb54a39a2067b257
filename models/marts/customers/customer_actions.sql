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
-- had a basket and no order at a cut-off whose horizon is over.
baskets as (

    select avg(customer_cutoffs.spend_next_{{ horizon }}d) as mean_amount
    from customer_cutoffs
    inner join lifecycle
        on customer_cutoffs.customer_no = lifecycle.customer_no
        and customer_cutoffs.cutoff_date = lifecycle.cutoff_date
    where lifecycle.lifecycle_state = 'activation'
        and customer_cutoffs.f_carts_30d > 0

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
        features.f_carts_30d,
        churn.churn_probability,
        churn.value_at_risk,
        worth.predicted_amount,
        recommended.item_id as top_item_id,
        coalesce(customers.has_marketing_consent, {{ var('contact_when_consent_is_unknown') }}) as is_contact_allowed
    from customers
    cross join cutoffs
    left join lifecycle
        on customers.customer_no = lifecycle.customer_no
        and cutoffs.cutoff_date = lifecycle.cutoff_date
    left join features
        on customers.customer_no = features.customer_no
        and cutoffs.cutoff_date = features.cutoff_date
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
            when lifecycle_state = 'conversion' then 'second_order'
            when lifecycle_state = 'activation' and f_carts_30d > 0 then 'nudge_basket'
            when lifecycle_state = 'loyalty' then 'reward'
            when top_item_id is not null then 'recommend'
            else 'wait'
        end as wanted_action
    from standing

),

allowed as (

    select
        wanted.*,
        case
            when not actions.is_contact or wanted.is_contact_allowed then wanted.wanted_action
            when wanted.top_item_id is not null then 'recommend'
            else 'wait'
        end as next_best_action
    from wanted
    inner join actions on wanted.wanted_action = actions.next_best_action

),

final as (

    select
        allowed.customer_key,

        allowed.next_best_action,
        case when allowed.next_best_action <> allowed.wanted_action then allowed.wanted_action end as withheld_action,
        case
            when allowed.next_best_action = allowed.wanted_action then ''
            when allowed.has_marketing_consent = false then 'No consent to be contacted. '
            else 'No consent on record. '
        end
        || case
            when allowed.lifecycle_state is null then 'Listed, but never seen.'
            when allowed.order_day_count > 0
                then 'Last of ' || allowed.order_day_count || ' order day(s) was '
                    || allowed.recency_days || ' day(s) ago.'
            when allowed.f_carts_30d > 0 then 'No order yet; put something in the cart within 30 days.'
            else 'No order yet.'
        end
        || coalesce(
            ' ' || cast(round(100 * allowed.churn_probability) as integer) || ' % likely to buy nothing within '
            || {{ horizon }} || ' days.', ''
        )
        || case
            when allowed.predicted_amount > 0
                then ' Expected to spend ' || cast(cast(allowed.predicted_amount as decimal(18, 2)) as varchar) || '.'
            else ''
        end as action_reason,

        -- What is in danger where a customer is slipping away or has not made it a habit, as churn_risk tells it; what
        -- is expected anyway for the others.
        case
            when allowed.next_best_action in ('win_back', 'rescue', 'second_order') then allowed.value_at_risk
            when allowed.next_best_action = 'nudge_basket' then baskets.mean_amount
            when allowed.next_best_action in ('reward', 'recommend') then allowed.predicted_amount
            when allowed.next_best_action = 'wait' then 0
        end as action_expected_value,

        actions.is_contact as is_contact_action,
        allowed.is_contact_allowed,
        allowed.has_marketing_consent,

        allowed.as_of_date
    from allowed
    cross join baskets
    inner join actions on allowed.next_best_action = actions.next_best_action

)

select * from final
