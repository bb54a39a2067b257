-- How many sessions of a slice get from one stage to the next, and of the other slices of its kind. A visitor's
-- sessions are alike, and share a device or a country: visitors are drawn, not sessions, and the variance
-- is computed from them.
{%- set dimensions = ['channel', 'device', 'country'] %}
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage in ('browse', 'cart', 'checkout', 'purchase')

),

steps as (

    select
        *,
        lead(stage) over (order by stage_order) as next_stage,
        lead(stage_order) over (order by stage_order) as next_order
    from stages

),

visits as (
    {% for dimension in dimensions %}
    select
        '{{ dimension }}' as slice_name,
        sessions.{{ dimension }} as slice_value,
        steps.stage,
        steps.next_stage,
        steps.stage_order,
        sessions.visitor_no,
        count(*) as n,
        count(case when sessions.furthest_funnel_order >= steps.next_order then 1 end) as x,
        sum(sessions.amount_cents) as amount_cents
    from sessions
    inner join steps
        on sessions.furthest_funnel_order >= steps.stage_order
        and steps.next_order is not null
    where sessions.{{ dimension }} <> 'unknown'
    group by sessions.{{ dimension }}, steps.stage, steps.next_stage, steps.stage_order, sessions.visitor_no
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

counted as (

    select
        slice_name,
        slice_value,
        stage,
        next_stage,
        stage_order,
        cast(sum(n) as bigint) as session_count,
        cast(sum(x) as bigint) as passed_count,
        cast(sum(x * x) as bigint) as xx,
        cast(sum(x * n) as bigint) as xn,
        cast(sum(n * n) as bigint) as nn,
        sum(amount_cents) as amount_cents
    from visits
    group by slice_name, slice_value, stage, next_stage, stage_order
    having sum(n) >= {{ var('pain_min_sessions') }}

),

-- The middle is that of the other slices too: with fewer than three there is none.
compared as (

    select
        *,
        cast(passed_count as double) / session_count as pass_rate,
        {{ quantile('cast(passed_count as double) / session_count', 0.5) }} over fellows as usual_pass_rate,
        {% for sum in ['session_count', 'passed_count', 'xx', 'xn', 'nn'] -%}
        sum({{ sum }}) over fellows - {{ sum }} as other_{{ sum }},
        {% endfor -%}
        count(*) over fellows as fellow_count
    from counted
    window fellows as (partition by slice_name, stage_order)

),

-- The variance of a ratio when visitors are the sample (Cochran 1977, section 2.11).
final as (

    select
        *,
        cast(other_passed_count as double) / other_session_count as other_pass_rate,
        (xx - 2 * pass_rate * xn + pass_rate * pass_rate * nn) / (cast(session_count as double) * session_count)
            as variance,
        (
            other_xx - 2 * (cast(other_passed_count as double) / other_session_count) * other_xn
            + power(cast(other_passed_count as double) / other_session_count, 2) * other_nn
        ) / (cast(other_session_count as double) * other_session_count) as other_variance
    from compared
    where fellow_count >= 3

)

select * from final
