-- Every mart of customers over time holds the same customers on the same dates: those of the features, those who have
-- bought for segments, and all of them in one row each of the transitions.
with

features as (

    select
        cutoff_date,
        count(*) as customer_count,
        count(case when f_order_days > 0 then 1 end) as buyer_count
    from {{ ref('int_customer_features') }}
    group by cutoff_date

),

-- The shop's first snapshot ends no period.
dates as (

    select
        cutoff_date,
        previous_cutoff_date is not null as ends_a_period
    from {{ ref('int_snapshot_dates') }}

),

lifecycle as (

    select
        snapshot_date,
        count(*) as customer_count
    from {{ ref('customer_lifecycle') }}
    group by snapshot_date

),

segments as (

    select
        snapshot_date,
        count(*) as customer_count
    from {{ ref('customer_segments') }}
    group by snapshot_date

),

lifecycle_moves as (

    select
        period_end,
        sum(customer_count) as customer_count
    from {{ ref('customer_lifecycle_transitions') }}
    group by period_end

),

segment_moves as (

    select
        period_end,
        sum(customer_count) as customer_count
    from {{ ref('customer_segment_transitions') }}
    group by period_end

)

select
    features.cutoff_date,
    features.customer_count,
    features.buyer_count,
    lifecycle.customer_count as lifecycle_count,
    segments.customer_count as segment_count,
    lifecycle_moves.customer_count as lifecycle_move_count,
    segment_moves.customer_count as segment_move_count
from features
left join dates on features.cutoff_date = dates.cutoff_date
left join lifecycle on features.cutoff_date = lifecycle.snapshot_date
left join segments on features.cutoff_date = segments.snapshot_date
left join lifecycle_moves on features.cutoff_date = lifecycle_moves.period_end
left join segment_moves on features.cutoff_date = segment_moves.period_end
where coalesce(lifecycle.customer_count, 0) <> features.customer_count
    or coalesce(segments.customer_count, 0) <> features.buyer_count
    or (
        coalesce(dates.ends_a_period, true)
        and (
            coalesce(lifecycle_moves.customer_count, 0) <> features.customer_count
            or coalesce(segment_moves.customer_count, 0) <> features.buyer_count
        )
    )
