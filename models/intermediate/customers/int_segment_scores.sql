-- The scores that customers who have bought are grouped by, on each cut-off date.
with

features as (

    select * from {{ ref('int_customer_features') }}
    where f_order_days > 0

),

-- A shop that tells no amounts is grouped by order days alone.
shop as (

    select coalesce(max(f_amount), 0) > 0 as has_amounts
    from features

),

-- Customers who are alike get the same score: ties share the rank of the first among them.
ranked as (

    select
        *,
        percent_rank() over (partition by cutoff_date order by f_recency_days desc) as recency_rank,
        percent_rank() over (partition by cutoff_date order by f_order_days) as frequency_rank,
        percent_rank() over (partition by cutoff_date order by f_amount) as monetary_rank,
        row_number() over (partition by customer_no order by cutoff_date) as snapshot_no
    from features

),

final as (

    select
        ranked.customer_no,
        ranked.cutoff_date,

        ranked.snapshot_no,
        cast(least(1 + floor(ranked.recency_rank * 5), 5) as integer) as recency_score,
        cast(least(1 + floor(ranked.frequency_rank * 5), 5) as integer) as frequency_score,
        cast(least(1 + floor(ranked.monetary_rank * 5), 5) as integer) as monetary_score,
        -- The geometric mean of how often she orders and what she spends, both fading with time. Rounded, because sums
        -- of floats depend on the order of addition, and a threshold is the score of a customer.
        round(
            case
                when shop.has_amounts then sqrt(ranked.f_decayed_orders_180d * ranked.f_decayed_amount_180d)
                else ranked.f_decayed_orders_180d
            end,
            6
        ) as segment_score,

        ranked.f_recency_days > {{ var('lifecycle_lapsed_days') }} as is_lapsed
    from ranked
    cross join shop

)

select * from final
