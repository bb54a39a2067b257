-- Which gaps chance cannot explain: a two-sided test of each row with enough sessions, corrected twice (Benjamini and
-- Hochberg 1995): over frictions and stages by their clearest slice (Simes 1986), then over slices of those selected,
-- at a bound scaled by their share (Benjamini and Bogomolov 2014). `q_value` is the smallest bound that passes both.
with

gaps as (

    select * from {{ ref('int_pain_gaps') }}

),

tested as (

    select
        *,
        -- Where everybody bought, or nobody, there is nothing to distinguish.
        coalesce(
            sign(conversion_gap) * greatest(coalesce(abs(conversion_gap) - half_an_order, 0e0), 0e0)
            / nullif(gap_spread_by_chance, 0), 0
        ) as z_score
    from gaps
    where matched_session_count >= {{ var('pain_min_sessions') }}
        and comparable_session_count >= {{ var('pain_min_sessions') }}

),

judged as (

    select
        *,
        {{ normal_tails('z_score') }} as p_value
    from tested

),

within_friction as (

    select
        *,
        {{ raised_p_value('p_value', ['friction', 'stage_order']) }} as raised_p_value
    from judged

),

corrected as (

    select
        *,
        {{ false_discovery_rate('p_value', 'raised_p_value', ['friction', 'stage_order']) }} as slice_q_value
    from within_friction

),

frictions as (

    select
        friction,
        stage_order,
        min(slice_q_value) as friction_p_value
    from corrected
    group by friction, stage_order

),

between_frictions as (

    select
        *,
        {{ raised_p_value('friction_p_value') }} as raised_p_value
    from frictions

),

corrected_frictions as (

    select
        friction,
        stage_order,
        {{ false_discovery_rate('friction_p_value', 'raised_p_value') }} as friction_q_value
    from between_frictions

),

-- The more false alarms are accepted, the more frictions and stages are selected: a step at each of their q-values.
steps as (

    select distinct
        friction_q_value as step_q_value,
        count(*) over (order by friction_q_value range unbounded preceding) as selected_count,
        count(*) over () as friction_count
    from corrected_frictions

),

-- From the step that selects its friction and stage on, a slice passes where its q-value is at most as large as the
-- share of false alarms times selected over all.
judged_twice as (

    select
        corrected.friction,
        corrected.stage_order,
        corrected.slice_name,
        corrected.slice_value,
        min(
            {{ at_least(
                'corrected.slice_q_value * steps.friction_count / steps.selected_count', 'steps.step_q_value'
            ) }}
        ) as q_value
    from corrected
    inner join corrected_frictions
        on corrected.friction = corrected_frictions.friction
        and corrected.stage_order = corrected_frictions.stage_order
    inner join steps on corrected_frictions.friction_q_value <= steps.step_q_value
    group by corrected.friction, corrected.stage_order, corrected.slice_name, corrected.slice_value

),

final as (

    select
        judged.friction,
        judged.slice_name,
        judged.slice_value,
        judged.channel,
        judged.device,
        judged.country,
        judged.visitor,
        judged.segment,

        judged.stage_order,
        -- How many standard errors the gap is wide: how clearly it is seen, where z_score says how hard it is to
        -- explain by chance. Many orders missing in few sessions are clear, and harder to see diluted in a larger
        -- slice.
        judged.conversion_gap / judged.gap_standard_error as clearness,
        judged.z_score,
        judged.p_value,
        {{ at_most('judged_twice.q_value', '1e0') }} as q_value,

        judged.conversion_gap < 0
        and judged_twice.q_value <= {{ double_var('pain_false_discovery_rate') }} as is_significant
    from judged
    inner join judged_twice
        on judged.friction = judged_twice.friction
        and judged.stage_order = judged_twice.stage_order
        and judged.slice_name = judged_twice.slice_name
        and judged.slice_value = judged_twice.slice_value

)

select * from final
