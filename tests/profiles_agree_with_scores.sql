-- Customers with a score or a list have a profile that shows it: the profile and the score marts are of one run.
{%- set horizon = var('horizons_days') | max %}
with

profiles as (

    select * from {{ ref('customer_profile') }}

),

churn as (

    select * from {{ ref('churn_risk') }}
    where horizon_days = {{ horizon }}

),

worth as (

    select * from {{ ref('customer_value') }}
    where horizon_days = {{ horizon }}

),

intents as (

    select
        customer_key,
        max(known_until) as known_until,
        count(case when is_latest and week_probability is null then 1 end) as held_back_count
    from {{ ref('purchase_intent') }}
    where customer_key is not null
    group by customer_key

),

recommended as (

    select * from {{ ref('recommendations') }}
    where recommendation_rank = 1

)

select
    'churn_risk' as mart,
    churn.customer_key
from churn
left join profiles on churn.customer_key = profiles.customer_key
where profiles.churn_probability is distinct from churn.churn_probability

union all

select
    'customer_value' as mart,
    worth.customer_key
from worth
left join profiles on worth.customer_key = profiles.customer_key
where profiles.predicted_amount is distinct from worth.predicted_amount

union all

select
    'recommendations' as mart,
    recommended.customer_key
from recommended
left join profiles on recommended.customer_key = profiles.customer_key
where profiles.top_item_id is distinct from recommended.item_id

union all

select
    'purchase_intent' as mart,
    intents.customer_key
from intents
left join profiles on intents.customer_key = profiles.customer_key
where (profiles.week_probability is null and intents.held_back_count = 0)
    or profiles.intent_known_until is distinct from intents.known_until

union all

select
    'customer_rfm' as mart,
    rfm.customer_key
from {{ ref('customer_rfm') }} as rfm
left join profiles on rfm.customer_key = profiles.customer_key
where profiles.net_amount is distinct from rfm.net_amount
