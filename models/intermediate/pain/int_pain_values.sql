-- What a gap costs: the orders that are missing a month, and what they are worth, with the interval of either. Where
-- the orders of comparable sessions are worth nothing the shop records no amounts, and the value is unknown.
with

gaps as (

    select * from {{ ref('int_pain_gaps') }}

),

window_months as (
    {{ pain_months() }}
),

-- Orders that are missing, and what an order of comparable sessions is worth; its error counts too.
lost as (

    select
        *,
        -conversion_gap * exposed_session_count as lost_order_count,
        gap_standard_error * exposed_session_count as lost_standard_error,
        case when comparable_cents > 0 then comparable_order_cents / 100e0 end as order_value,
        (
            comparable_squared_cents / nullif(comparable_order_count, 0)
            - power(comparable_cents / nullif(comparable_order_count, 0), 2)
        ) / nullif(comparable_order_count, 0) / 10000e0 as order_value_variance
    from gaps

),

-- The error of a product of two estimates (Goodman 1960).
valued as (

    select
        *,
        lost_order_count * order_value as value_at_risk,
        1.959964e0 * sqrt(
            power(order_value * lost_standard_error, 2)
            + greatest(coalesce(order_value_variance, 0e0), 0e0)
            * (power(lost_order_count, 2) + power(lost_standard_error, 2))
        ) as value_margin
    from lost

),

final as (

    select
        valued.friction,
        valued.slice_name,
        valued.slice_value,

        valued.stage_order,
        valued.exposed_session_count,
        valued.matched_session_count,
        valued.comparable_session_count,
        round(valued.exposed_conversion, 9) as exposed_conversion,
        round(valued.comparable_conversion, 9) as comparable_conversion,
        round(valued.conversion_gap, 9) as conversion_gap,
        round(valued.conversion_gap - 1.959964e0 * valued.gap_standard_error, 9) as gap_lower,
        round(valued.conversion_gap + 1.959964e0 * valued.gap_standard_error, 9) as gap_upper,
        round(valued.lost_order_count / window_months.month_count, 6) as lost_orders_per_month,
        round(valued.order_value, 2) as order_value,
        round({{ not_below_zero('valued.value_at_risk') }} / window_months.month_count, 2) as value_at_risk,
        round({{ not_below_zero('valued.value_at_risk - valued.value_margin') }} / window_months.month_count, 2)
            as value_lower,
        round({{ not_below_zero('valued.value_at_risk + valued.value_margin') }} / window_months.month_count, 2)
            as value_upper
    from valued
    cross join window_months

)

select * from final
