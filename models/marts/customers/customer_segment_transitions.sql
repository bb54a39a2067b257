-- How customers moved between behavioural segments from one snapshot date to the next.
with

states as (

    select * from {{ ref('int_segment_states') }}

),

lifecycle as (

    select * from {{ ref('int_lifecycle_states') }}

),

bands as (

    select * from {{ ref('segment_bands') }}

),

-- Nothing is known of the time before the shop's first snapshot, so it ends no period.
{{ snapshot_periods() }},

-- Decimals: sums of floats would depend on their order.
moves as (

    select
        periods.period_start,
        periods.period_end,
        coalesce(previous_bands.segment, 'new') as from_segment,
        bands.segment as to_segment,
        count(*) as customer_count,
        cast(sum(cast(lifecycle.net_amount as decimal(18, 4))) as double) as net_amount,
        cast(sum(cast(lifecycle.period_amount as decimal(18, 4))) as double) as period_amount
    from states
    inner join periods on states.cutoff_date = periods.period_end
    inner join bands on states.segment_no = bands.segment_no
    inner join lifecycle
        on states.customer_no = lifecycle.customer_no
        and states.cutoff_date = lifecycle.cutoff_date
    left join bands as previous_bands on states.previous_segment_no = previous_bands.segment_no
    group by periods.period_start, periods.period_end, coalesce(previous_bands.segment, 'new'), bands.segment

),

final as (

    select
        period_end,

        from_segment,
        to_segment,

        cast({{ days_between('period_start', 'period_end') }} as integer) as period_days,
        customer_count,
        customer_count * 1e0 / sum(customer_count) over (partition by period_end, from_segment)
            as share_of_from_segment,
        customer_count * 1e0 / sum(customer_count) over (partition by period_end) as share_of_customers,
        net_amount,
        period_amount,

        from_segment <> to_segment as is_changed,

        period_start
    from moves

)

select * from final
