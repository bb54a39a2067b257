-- Everything about a customer in one row, as of the day after the newest event.
{%- set horizon = var('horizons_days') | max %}
with

customers as (

    select * from {{ ref('int_customers') }}

),

standings as (

    select * from {{ ref('int_customer_standings') }}

),

rfm as (

    select * from {{ ref('customer_rfm') }}

),

segments as (

    select * from {{ ref('customer_segments') }}
    where is_as_of

),

habits as (

    select * from {{ ref('int_customer_habits') }}

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

    select * from {{ ref('customer_actions') }}

),

-- What is known of the newest session so far; customers who have not come of late have none.
intents as (

    select
        *,
        row_number() over (partition by customer_key order by is_latest desc, started_at desc, session_id asc) as place
    from {{ ref('purchase_intent') }}

),

final as (

    select
        customers.customer_key,
        customers.source,
        customers.country,
        customers.gender,
        standings.age_band,
        customers.acquisition_channel,
        standings.lifecycle_state,
        rfm.rfm_score,
        segments.rfm_segment,
        segments.segment,
        habits.favourite_category,
        habits.second_category,
        habits.third_category,
        habits.favourite_brand,
        habits.second_brand,
        habits.third_brand,
        habits.price_band,
        habits.main_channel,
        habits.main_device,
        habits.usual_weekday,
        habits.last_path,
        {{ prefixed('churn', ['risk_band'] + reason_columns('churn')) | join(', ') }},
        {{ prefixed('worth', ['tier'] + reason_columns('value')) | join(', ') }},
        recommended.item_id as top_item_id,
        recommended.item_name as top_item_name,
        actions.next_best_action,
        actions.withheld_action,
        actions.action_reason,
        actions.reason_keys,
        actions.reason_values,

        customers.birth_year,
        rfm.recency_days,
        coalesce(rfm.order_day_count, 0) as order_day_count,
        coalesce(rfm.order_count, 0) as order_count,
        coalesce(standings.net_amount, 0) as net_amount,
        coalesce(rfm.order_day_amount, 0) as order_day_amount,
        rfm.amount_per_order_day,
        coalesce(habits.session_count, 0) as session_count,
        habits.median_gap_days,
        cast(habits.usual_hour as integer) as usual_hour,
        {{ horizon }} as horizon_days,
        churn.churn_probability,
        churn.value_at_risk,
        worth.predicted_amount,
        worth.lower_amount,
        worth.upper_amount,
        actions.action_expected_value,
        case when intents.is_open then intents.session_probability end as session_probability,
        intents.week_probability,

        customers.has_marketing_consent,
        actions.is_contact_allowed,
        actions.is_contact_action,

        standings.as_of_date,
        customers.registered_at,
        customers.first_seen_at,
        customers.last_seen_at,
        habits.last_session_at,
        intents.known_until as intent_known_until
    from customers
    inner join standings on customers.customer_key = standings.customer_key
    left join rfm on customers.customer_key = rfm.customer_key
    left join segments on customers.customer_key = segments.customer_key
    left join habits on customers.customer_key = habits.customer_key
    left join churn on customers.customer_key = churn.customer_key
    left join worth on customers.customer_key = worth.customer_key
    left join recommended on customers.customer_key = recommended.customer_key
    left join actions on customers.customer_key = actions.customer_key
    left join intents on customers.customer_key = intents.customer_key and intents.place = 1

)

select * from final
