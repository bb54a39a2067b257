-- What to do for each customer next. The first rule that fits decides; customers who do not want to be contacted are
-- shown something at their next visit, or left alone.
{%- set high_risk = var('high_risk_probability') %}
{%- set horizon = var('horizons_days') | max %}
with

standings as (

    select * from {{ ref('int_customer_standings') }}

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

scored as (

    select
        standings.*,
        churn.churn_probability,
        churn.value_at_risk,
        worth.predicted_amount,
        coalesce(recommended.item_name, recommended.item_id) as top_item,
        coalesce(standings.has_marketing_consent, {{ var('contact_when_consent_is_unknown') }}) as is_contact_allowed
    from standings
    left join churn on standings.customer_key = churn.customer_key
    left join worth on standings.customer_key = worth.customer_key
    left join recommended on standings.customer_key = recommended.customer_key

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
    from scored

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

reasoned as (

    select
        *,
        {{ consent_in_words() | indent(8) }}
        || {{ rule_in_words() | indent(8) }}
        || {{ item_in_words() | indent(8) }}
        || {{ expectations_in_words(horizon) | indent(8) }} as action_reason
    from allowed

),

final as (

    select
        reasoned.customer_key,

        reasoned.next_best_action,
        case
            when reasoned.next_best_action <> reasoned.wanted_action then reasoned.wanted_action
        end as withheld_action,
        reasoned.action_reason,

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
