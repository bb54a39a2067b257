-- The state of each customer's life with the shop, on each snapshot date.
with

states as (

    select * from {{ ref('int_lifecycle_states') }}

),

lifecycle_states as (

    select * from {{ ref('lifecycle_states') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

ledger as (

    select * from {{ ref('int_lifecycle_ledger') }}

),

final as (

    select
        customers.customer_key,

        states.lifecycle_state,
        states.previous_state as previous_lifecycle_state,

        lifecycle_states.state_order,
        states.order_day_count,
        states.recency_days,
        states.tenure_days as days_since_first_seen,
        states.net_amount,
        states.period_amount,

        coalesce(states.lifecycle_state <> states.previous_state, true) as is_changed,
        cutoffs.is_as_of,

        states.cutoff_date as snapshot_date,
        states.state_since,
        ledger.restated_at
    from states
    inner join cutoffs on states.cutoff_date = cutoffs.cutoff_date
    left join lifecycle_states on states.lifecycle_state = lifecycle_states.lifecycle_state
    inner join customers on states.customer_no = customers.customer_no
    left join ledger
        on states.customer_no = ledger.customer_no
        and states.cutoff_date = ledger.cutoff_date

)

select * from final
