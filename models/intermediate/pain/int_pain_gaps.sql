-- The gap in conversion that is left when like is compared with like: the Mantel-Haenszel risk difference (Greenland
-- and Robins 1985) over the strata, with the variance of Sato (1989), which holds for few large strata and for many
-- small ones. One row a friction, stage and slice. docs/pain_points.md has the formulas.
{%- set counts = [
    'with_count', 'with_order_count', 'without_count', 'without_order_count', 'without_cents', 'without_squared_cents'
] %}
{%- set row_key = ['friction', 'slice_name', 'slice_value'] + pain_parts() + ['stage_order'] %}
with

friction_strata as (

    select * from {{ ref('int_friction_strata') }}

),

slow_strata as (

    select * from {{ ref('int_slow_strata') }}

),

strata as (
    {% for slice_name in pain_slices() %}
    select
        friction,
        {{ pain_slice_columns(slice_name, 'friction_strata') }},
        stage_order,
        false as is_elsewhere,
        {{ counts | join(', ') }}
    from friction_strata
    where {{ pain_slice_is_told(slice_name, 'friction_strata') }}
    union all
    {%- endfor %}
    select
        {{ row_key | join(', ') }},
        is_elsewhere,
        {{ counts | join(', ') }}
    from slow_strata

),

tables_of_four as (

    select
        *,
        cast(with_order_count as double) as a,
        cast(with_count - with_order_count as double) as b,
        cast(without_order_count as double) as c,
        cast(without_count - without_order_count as double) as d,
        cast(with_count as double) as n1,
        cast(without_count as double) as n0,
        cast(with_count + without_count as double) as n
    from strata

),

summed as (

    select
        {{ row_key | join(', ') }},
        is_elsewhere,
        sum(n1) as exposed_session_count,
        sum(case when n0 > 0 then n1 end) as matched_session_count,
        sum(n0) as comparable_session_count,
        sum(case when n0 > 0 then a end) as matched_order_count,
        sum(without_order_count) as comparable_order_count,
        sum(without_cents) as comparable_cents,
        sum(without_squared_cents) as comparable_squared_cents,
        sum(n1 * without_cents / n) as weighted_cents,
        {{ mantel_haenszel_sums() }}
    from tables_of_four
    group by {{ row_key | join(', ') }}, is_elsewhere

),

rates as (

    select
        *,
        weighted_with / nullif(weight, 0) as exposed_conversion,
        weighted_without / nullif(weight, 0) as comparable_conversion,
        (weighted_with - weighted_without) / nullif(weight, 0) as gap,
        -- What the same sessions would have, were they one stratum: it keeps a row in which nobody or everybody bought
        -- from being certain (Agresti and Caffo 2000: one more order and one more session without, on either side).
        (matched_order_count + 1) / (matched_session_count + 2) as padded_with,
        (comparable_order_count + 1) / (comparable_session_count + 2) as padded_without
    from summed

),

measured as (

    select
        *,
        {{ greater_known(
            '(gap * sato_p + sato_q) / nullif(weight * weight, 0)',
            'padded_with * (1 - padded_with) / (matched_session_count + 2)'
            ' + padded_without * (1 - padded_without) / (comparable_session_count + 2)'
        ) }} as gap_variance,
        chance_variance / nullif(weight * weight, 0) as gap_variance_by_chance
    from rates

),

final as (

    select
        friction,
        slice_name,
        slice_value,
        channel,
        device,
        country,
        visitor,
        segment,

        stage_order,
        cast(sum(case when not is_elsewhere then exposed_session_count end) as bigint) as exposed_session_count,
        cast(coalesce(sum(case when not is_elsewhere then matched_session_count end), 0) as bigint)
            as matched_session_count,
        cast(coalesce(sum(case when not is_elsewhere then comparable_session_count end), 0) as bigint)
            as comparable_session_count,
        cast(coalesce(sum(case when not is_elsewhere then comparable_order_count end), 0) as bigint)
            as comparable_order_count,
        cast(coalesce(sum(case when not is_elsewhere then comparable_cents end), 0) as double) as comparable_cents,
        cast(coalesce(sum(case when not is_elsewhere then comparable_squared_cents end), 0) as double)
            as comparable_squared_cents,
        -- Sums of fractions depend on their order in the last digit: cut it off.
        round(sum(case when not is_elsewhere then exposed_conversion end), 12) as exposed_conversion,
        round(
            sum(case when not is_elsewhere then comparable_conversion end)
            + coalesce(sum(case when is_elsewhere then gap end), 0), 12
        ) as comparable_conversion,
        round(sum(case when not is_elsewhere then weighted_cents / nullif(weighted_without, 0) end), 6)
            as comparable_order_cents,
        round(
            sum(case when not is_elsewhere then gap end) - coalesce(sum(case when is_elsewhere then gap end), 0), 12
        ) as conversion_gap,
        round(sqrt(sum(gap_variance)), 12) as gap_standard_error,
        -- The spread that the gap would have if the friction did nothing (Mantel and Haenszel 1959).
        round(sqrt(sum(gap_variance_by_chance)), 12) as gap_spread_by_chance,
        -- Half an order, as a gap: orders come whole, and the test allows for it (Mantel and Haenszel 1959).
        round(0.5e0 / nullif(sum(case when not is_elsewhere then weight end), 0), 12) as half_an_order
    from measured
    group by {{ row_key | join(', ') }}

)

select * from final
