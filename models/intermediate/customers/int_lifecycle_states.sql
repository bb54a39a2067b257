-- The lifecycle state of each customer on each cut-off date: exactly one. It follows from what
-- happened before the date alone, so the states of a past date stay as they are unless late events change that past.
{%- set lapsed_days = var('lifecycle_lapsed_days') %}
with

histories as (

    select * from {{ ref('int_customer_histories') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

measured as (

    select
        customer_no,
        cutoff_date,
        order_day_count,
        net_amount,
        period_amount,
        activated_on,
        {{ days_between('first_seen_on', 'cutoff_date') }} as tenure_days,
        {{ days_between('last_ordered_on', 'cutoff_date') }} as recency_days,
        {{ days_between('previous_ordered_on', 'last_ordered_on') }} as last_gap_days,
        {{ days_between('coalesce(last_visited_on, first_seen_on)', 'cutoff_date') }} as idle_days
    from histories

),

-- Only customers without an order are judged by their visits.
states as (

    select
        *,
        case
            when order_day_count = 0 and idle_days > {{ lapsed_days }} then 'lapsed'
            when order_day_count = 0 and activated_on is not null then 'activation'
            when order_day_count = 0 then 'acquisition'
            {{ state_of_orders('order_day_count', 'recency_days', 'last_gap_days') | indent(12) }}
        end as lifecycle_state
    from measured

),

followed as (

    select
        *,
        lag(lifecycle_state) over (partition by customer_no order by cutoff_date) as previous_state,
        lag(cutoff_date) over (partition by customer_no order by cutoff_date) as previous_cutoff_date
    from states

),

-- Over the shop's whole life: who is loyal for two years is so since then, however few dates are shown.
dated as (

    select
        *,
        max(case when previous_state is null or lifecycle_state <> previous_state then cutoff_date end)
            over (partition by customer_no order by cutoff_date) as state_since
    from followed

),

final as (

    select
        dated.customer_no,
        dated.cutoff_date,
        dated.previous_cutoff_date,

        dated.lifecycle_state,
        dated.previous_state,

        dated.order_day_count,
        cast(dated.recency_days as integer) as recency_days,
        cast(dated.tenure_days as integer) as tenure_days,
        dated.net_amount,
        dated.period_amount,

        dated.state_since
    from dated
    inner join cutoffs on dated.cutoff_date = cutoffs.cutoff_date

)

select * from final
