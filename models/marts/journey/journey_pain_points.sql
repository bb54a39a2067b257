-- What troubles customers on the way to an order, where, whom, how much it lowers conversion and what it costs a
-- month. Where too few sessions met it to compare, that is empty and not 0. docs/pain_points.md says how to read it.
with

counts as (

    select * from {{ ref('int_friction_counts') }}

),

pain_values as (

    select * from {{ ref('int_pain_values') }}

),

tests as (

    select * from {{ ref('int_pain_tests') }}

),

named as (

    select * from {{ ref('int_pain_named') }}

),

joined as (

    select
        counts.*,

        pain_values.exposed_session_count,
        pain_values.matched_session_count,
        pain_values.comparable_session_count,
        pain_values.exposed_conversion,
        pain_values.comparable_conversion,
        pain_values.conversion_gap,
        pain_values.gap_lower,
        pain_values.gap_upper,
        tests.p_value,
        tests.q_value,
        pain_values.lost_orders_per_month,
        pain_values.order_value,
        pain_values.value_at_risk,
        pain_values.value_lower,
        pain_values.value_upper,

        tests.p_value is not null as is_tested,
        coalesce(tests.is_significant, false) as is_significant,
        named.naming_order is not null as is_named
    from counts
    left join pain_values
        on counts.friction = pain_values.friction
        and counts.stage_order = pain_values.stage_order
        and counts.slice_name = pain_values.slice_name
        and counts.slice_value = pain_values.slice_value
    left join tests
        on counts.friction = tests.friction
        and counts.stage_order = tests.stage_order
        and counts.slice_name = tests.slice_name
        and counts.slice_value = tests.slice_value
    left join named
        on counts.friction = named.friction
        and counts.stage_order = named.stage_order
        and counts.slice_name = named.slice_name
        and counts.slice_value = named.slice_value

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
        segment,

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
                is_named desc, is_significant desc, value_at_risk desc nulls last,
                lost_orders_per_month desc nulls last,
                friction asc, stage_order asc, slice_name asc, slice_value asc
        ) as pain_rank,

        is_tested,
        is_significant,
        is_named
    from joined

)

select * from final
