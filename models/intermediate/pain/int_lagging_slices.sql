-- Slices of which fewer sessions get from one stage to the next than of their fellows, and what catching up with the
-- middle one would bring. Slices are compared as they are; a trouble that is named already is not told again.
{%- set dimensions = ['channel', 'device', 'country'] %}
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

named_pains as (

    select
        tests.stage_order,
        tests.channel,
        tests.device,
        tests.country
    from {{ ref('int_pain_named') }} as named
    inner join {{ ref('int_pain_tests') }} as tests
        on named.friction = tests.friction
        and named.stage_order = tests.stage_order
        and named.slice_name = tests.slice_name
        and named.slice_value = tests.slice_value

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
        lead(stage_order) over (order by stage_order) as next_order
    from stages

),

-- A visitor's sessions are alike, and a device or a country is hers for good: visitors are drawn, not sessions. What her
-- sessions did is kept together, with the squares that the spread between visitors is told by.
visits as (
    {% for dimension in dimensions %}
    select
        '{{ dimension }}' as slice_name,
        sessions.{{ dimension }} as slice_value,
        steps.stage,
        steps.stage_order,
        sessions.visitor_no,
        count(*) as n,
        count(*) filter (where sessions.furthest_funnel_order >= steps.next_order) as x,
        sum(sessions.amount_cents) as amount_cents
    from sessions
    inner join steps
        on sessions.furthest_funnel_order >= steps.stage_order
        and steps.next_order is not null
    where sessions.{{ dimension }} <> 'unknown'
    group by sessions.{{ dimension }}, steps.stage, steps.stage_order, sessions.visitor_no
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

counted as (

    select
        slice_name,
        slice_value,
        stage,
        stage_order,
        cast(sum(n) as bigint) as session_count,
        cast(sum(x) as bigint) as passed_count,
        cast(sum(x * x) as bigint) as xx,
        cast(sum(x * n) as bigint) as xn,
        cast(sum(n * n) as bigint) as nn,
        sum(amount_cents) as amount_cents
    from visits
    group by slice_name, slice_value, stage, stage_order
    having sum(n) >= {{ var('pain_min_sessions') }}

),

-- The middle is that of the other slices too: with fewer than three there is none.
compared as (

    select
        *,
        cast(passed_count as double) / session_count as pass_rate,
        median(cast(passed_count as double) / session_count) over fellows as usual_pass_rate,
        {% for sum in ['session_count', 'passed_count', 'xx', 'xn', 'nn'] -%}
        sum({{ sum }}) over fellows - {{ sum }} as other_{{ sum }},
        {% endfor -%}
        count(*) over fellows as fellow_count
    from counted
    window fellows as (partition by slice_name, stage_order)

),

-- The variance of a ratio when visitors are the sample (Cochran 1977, section 2.11).
spread as (

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

),

tested as (

    select
        *,
        coalesce((pass_rate - other_pass_rate) / nullif(sqrt(variance + other_variance), 0), 0) as z_score
    from spread

),

judged as (

    select
        *,
        {{ normal_tails('z_score') }} as p_value
    from tested

),

raised as (

    select
        *,
        {{ raised_p_value('p_value') }} as raised_p_value
    from judged

),

corrected as (

    select
        *,
        {{ false_discovery_rate('p_value', 'raised_p_value') }} as q_value
    from raised

),

-- Each session more that passes is worth what those that pass are worth today.
valued as (

    select
        *,
        sqrt(variance) as pass_rate_error,
        session_count * amount_cents / 100 / nullif(passed_count, 0) as value_of_all
    from corrected

),

final as (

    select
        valued.slice_name,
        valued.slice_value,
        valued.stage,

        valued.stage_order,
        valued.session_count,
        valued.pass_rate,
        valued.usual_pass_rate,
        valued.pass_rate_error,
        valued.value_of_all * (valued.usual_pass_rate - valued.pass_rate) as value_of_catching_up,
        valued.value_of_all * (valued.usual_pass_rate - valued.pass_rate - 1.959964 * valued.pass_rate_error)
            as value_lower,
        valued.value_of_all * (valued.usual_pass_rate - valued.pass_rate + 1.959964 * valued.pass_rate_error)
            as value_upper,
        valued.q_value
    from valued
    left join named_pains
        on valued.stage_order = named_pains.stage_order
        and (
            named_pains.{% for dimension in dimensions %}{{ dimension }} = case when valued.slice_name = '{{ dimension }}' then valued.slice_value end
            {%- if not loop.last %}
            or named_pains.{% endif %}{% endfor %}
        )
    where named_pains.stage_order is null
        and valued.pass_rate < valued.usual_pass_rate
        and valued.z_score < 0
        and valued.q_value <= {{ var('pain_false_discovery_rate') }}

)

select * from final
