-- Which gaps chance cannot explain: a two-sided test for each row that has enough sessions, corrected for the number
-- of tests (Benjamini and Hochberg 1995) twice: over the slices of a friction and stage, and over frictions and stages
-- by their clearest slice (Simes 1986), so that a harmful friction with its many slices does not open the door for an
-- innocent one (Benjamini and Bogomolov 2014). `q_value` is the larger of the two.
with

gaps as (

    select * from {{ ref('int_pain_gaps') }}

),

tested as (

    select
        *,
        -- Where everybody bought, or nobody, there is nothing to tell apart.
        coalesce(
            sign(conversion_gap) * greatest(abs(conversion_gap) - half_an_order, 0) / nullif(gap_spread_by_chance, 0), 0
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

judged_twice as (

    select
        corrected.*,
        greatest(corrected.slice_q_value, corrected_frictions.friction_q_value) as q_value
    from corrected
    inner join corrected_frictions
        on corrected.friction = corrected_frictions.friction
        and corrected.stage_order = corrected_frictions.stage_order

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
        -- How many standard errors the gap is wide: how clearly it is seen, where z_score says how hard it is to
        -- explain by chance. Many orders missing in few sessions are clear, and harder to see diluted in a larger
        -- slice.
        conversion_gap / gap_standard_error as clearness,
        z_score,
        p_value,
        q_value,

        conversion_gap < 0 and q_value <= {{ var('pain_false_discovery_rate') }} as is_significant
    from judged_twice

)

select * from final
