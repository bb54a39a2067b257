-- What troubles customers on the way to an order, where, whom, how much it lowers conversion and what it costs a month.
-- docs/pain_points.md says how to read it.
with

counts as (

    select * from {{ ref('int_friction_counts') }}

),

gaps as (

    select * from {{ ref('int_pain_gaps') }}

),

tests as (

    select * from {{ ref('int_pain_tests') }}

),

named as (

    select * from {{ ref('int_pain_named') }}

),

-- A window of a few days is not blown up to a month.
window_months as (

    select
        greatest(
            (1 + {{ days_between(utc_date('min(session_started_at)'), utc_date('max(session_started_at)')) }}) / 30.4375, 1
        ) as month_count
    from {{ ref('int_pain_sessions') }}

),

-- Orders that are missing, and what an order of comparable sessions is worth; its error counts too.
lost as (

    select
        *,
        -conversion_gap * exposed_session_count as lost_order_count,
        gap_standard_error * exposed_session_count as lost_standard_error,
        comparable_order_cents / 100 as order_value,
        (
            comparable_squared_cents / nullif(comparable_order_count, 0)
            - power(comparable_cents / nullif(comparable_order_count, 0), 2)
        ) / nullif(comparable_order_count, 0) / 10000 as order_value_variance
    from gaps

),

-- The error of a product of two estimates (Goodman 1960).
valued as (

    select
        *,
        lost_order_count * coalesce(order_value, 0) as value_at_risk,
        1.959964 * sqrt(
            power(order_value * lost_standard_error, 2)
            + greatest(order_value_variance, 0) * (power(lost_order_count, 2) + power(lost_standard_error, 2))
        ) as value_margin
    from lost

),

joined as (

    select
        counts.*,

        coalesce(valued.exposed_session_count, 0) as exposed_session_count,
        coalesce(valued.matched_session_count, 0) as matched_session_count,
        coalesce(valued.comparable_session_count, 0) as comparable_session_count,
        round(valued.exposed_conversion, 9) as exposed_conversion,
        round(valued.comparable_conversion, 9) as comparable_conversion,
        round(valued.conversion_gap, 9) as conversion_gap,
        round(valued.conversion_gap - 1.959964 * valued.gap_standard_error, 9) as gap_lower,
        round(valued.conversion_gap + 1.959964 * valued.gap_standard_error, 9) as gap_upper,
        tests.p_value,
        tests.q_value,
        round(coalesce(valued.lost_order_count, 0) / window_months.month_count, 6) as lost_orders_per_month,
        round(valued.order_value, 2) as order_value,
        round(greatest(coalesce(valued.value_at_risk, 0), 0) / window_months.month_count, 2) as value_at_risk,
        round(
            greatest(coalesce(valued.value_at_risk - valued.value_margin, 0), 0) / window_months.month_count, 2
        ) as value_lower,
        round(
            greatest(coalesce(valued.value_at_risk + valued.value_margin, 0), 0) / window_months.month_count, 2
        ) as value_upper,

        tests.p_value is not null as is_tested,
        coalesce(tests.is_significant, false) as is_significant,
        named.naming_order is not null as is_named
    from counts
    cross join window_months
    {%- for joined in ['valued', 'tests', 'named'] %}
    left join {{ joined }}
        on counts.friction = {{ joined }}.friction
        and counts.stage_order = {{ joined }}.stage_order
        and counts.slice_name = {{ joined }}.slice_name
        and counts.slice_value = {{ joined }}.slice_value
    {%- endfor %}

),

final as (

    select
        friction,
        stage,
        slice_name,
        slice_value,
        channel,
        device,
        country,
        visitor,

        stage_order,
        session_with_count,
        session_without_count,
        conversion_with,
        conversion_without,
        exposed_session_count,
        matched_session_count,
        comparable_session_count,
        exposed_conversion,
        comparable_conversion,
        conversion_gap,
        gap_lower,
        gap_upper,
        p_value,
        q_value,
        lost_orders_per_month,
        order_value,
        value_at_risk,
        value_lower,
        value_upper,
        row_number() over (
            order by
                is_named desc, is_significant desc, value_at_risk desc, lost_orders_per_month desc,
                friction, stage_order, slice_name, slice_value
        ) as pain_rank,

        is_tested,
        is_significant,
        is_named
    from joined

)

select * from final
