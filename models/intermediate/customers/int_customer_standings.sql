-- What the profile and the next best action need to know of each listed customer on the as-of date. A customer who is
-- listed but was never seen has no state; nothing is known that would call for an action.
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where is_as_of

),

customers as (

    select * from {{ ref('int_customers') }}

),

lifecycle as (

    select * from {{ ref('int_lifecycle_states') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

prospect_values as (

    select * from {{ ref('int_prospect_values') }}

),

known_frauds as (

    select * from {{ ref('int_known_frauds') }}

),

standings as (

    select
        customers.customer_key,
        customers.has_marketing_consent,
        cutoffs.cutoff_date,
        {{ age_band('customers.birth_year', 'cutoffs.cutoff_date') | indent(8) }} as age_band,
        lifecycle.lifecycle_state,
        lifecycle.order_day_count,
        lifecycle.recency_days,
        lifecycle.net_amount,
        coalesce(features.f_carts_30d, 0) > 0 as has_basket,
        known_frauds.customer_no is not null as has_known_fraud
    from customers
    cross join cutoffs
    left join lifecycle
        on customers.customer_no = lifecycle.customer_no
        and cutoffs.cutoff_date = lifecycle.cutoff_date
    left join features
        on customers.customer_no = features.customer_no
        and cutoffs.cutoff_date = features.cutoff_date
    left join known_frauds on customers.customer_no = known_frauds.customer_no

),

final as (

    select
        standings.customer_key,

        standings.age_band,
        standings.lifecycle_state,

        standings.order_day_count,
        standings.recency_days,
        standings.net_amount,
        prospect_values.mean_amount as prospect_amount,

        standings.has_basket,
        standings.has_known_fraud,
        standings.has_marketing_consent,

        standings.cutoff_date as as_of_date
    from standings
    left join prospect_values
        on standings.order_day_count = 0
        and standings.lifecycle_state = prospect_values.lifecycle_state
        and standings.has_basket = prospect_values.has_basket

)

select * from final
