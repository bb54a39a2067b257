-- Which gaps chance cannot explain: a two-sided test for each row that has enough sessions, corrected for the number of
-- tests (Benjamini and Hochberg 1995). `q_value` is the share of false alarms to expect among rows at least this clear.
with

gaps as (

    select * from {{ ref('int_pain_gaps') }}

),

tested as (

    select
        *,
        -- Where everybody bought, or nobody, there is nothing to tell apart.
        coalesce(conversion_gap / nullif(gap_spread_by_chance, 0), 0) as z_score
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

counted as (

    select
        *,
        p_value * count(*) over () / count(*) over (order by p_value range unbounded preceding) as raised_p_value
    from judged

),

corrected as (

    select
        *,
        least(min(raised_p_value) over (order by p_value desc range unbounded preceding), 1) as q_value
    from counted

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

        stage_order,
        z_score,
        p_value,
        q_value,

        conversion_gap < 0 and q_value <= {{ var('pain_false_discovery_rate') }} as is_significant
    from corrected

)

select * from final
