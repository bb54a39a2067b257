-- depends_on: {{ ref('lifecycle_impossible_moves') }}

-- How customers moved between lifecycle states from one snapshot date to the next.
with

states as (

    select * from {{ ref('int_lifecycle_states') }}

),

-- Nothing is known of the time before the shop's first snapshot, so it ends no period.
{{ snapshot_periods() }},

-- Decimals: sums of floats would depend on their order.
moves as (

    select
        periods.period_start,
        periods.period_end,
        coalesce(states.previous_state, 'new') as from_state,
        states.lifecycle_state as to_state,
        count(*) as customer_count,
        cast(sum(cast(states.net_amount as decimal(18, 4))) as double) as net_amount,
        cast(sum(cast(states.period_amount as decimal(18, 4))) as double) as period_amount
    from states
    inner join periods on states.cutoff_date = periods.period_end
    group by periods.period_start, periods.period_end, coalesce(states.previous_state, 'new'), states.lifecycle_state

),

final as (

    select
        period_end,

        from_state,
        to_state,

        cast({{ days_between('period_start', 'period_end') }} as integer) as period_days,
        customer_count,
        customer_count * 1e0 / sum(customer_count) over (partition by period_end, from_state) as share_of_from_state,
        customer_count * 1e0 / sum(customer_count) over (partition by period_end) as share_of_customers,
        net_amount,
        period_amount,

        from_state <> to_state as is_changed,

        period_start
    from moves

)

select * from final
