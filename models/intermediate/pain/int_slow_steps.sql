-- How long a stage takes, by slice, and where it takes much longer than it does elsewhere (var `slow_step_ratio`).
-- Only sessions that went on are timed: how long the others would have stayed is unknown. A slice is judged, never
-- a single session: customers who fetch their card are slow too.
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage in ('browse', 'cart', 'checkout')

),

dwells as (

    select
        stage_visits.visitor_no,
        stage_visits.session_started_at,
        stages.stage_order,
        sum(stage_visits.dwell_seconds) as dwell_seconds
    from stage_visits
    inner join stages on stage_visits.stage = stages.stage
    group by stage_visits.visitor_no, stage_visits.session_started_at, stages.stage_order

),

timed as (

    select
        sessions.*,
        dwells.stage_order,
        dwells.dwell_seconds
    from sessions
    inner join dwells
        on sessions.visitor_no = dwells.visitor_no
        and sessions.session_started_at = dwells.session_started_at
        and sessions.furthest_funnel_order > dwells.stage_order

),

sliced as (
    {% for slice_name, parts in slow_slices().items() %}
    select
        {{ pain_slice_columns(slice_name, 'timed') }},
        timed.stage_order,
        count(timed.dwell_seconds) as timed_session_count,
        {{ quantile('timed.dwell_seconds', 0.5) }} as median_dwell_seconds
    from timed
    where {{ pain_slice_is_told(slice_name, 'timed') }}
    group by timed.stage_order{% for part in parts %}, timed.{{ part }}{% endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (

    select
        sliced.slice_name,
        sliced.slice_value,
        sliced.channel,
        sliced.device,
        sliced.country,
        sliced.visitor,
        sliced.segment,

        sliced.stage_order,
        sliced.timed_session_count,
        sliced.median_dwell_seconds,
        usual.median_dwell_seconds as usual_dwell_seconds,

        sliced.timed_session_count >= {{ var('pain_min_sessions') }}
        and sliced.median_dwell_seconds >= {{ double_var('slow_step_ratio') }} * usual.median_dwell_seconds as is_slow
    from sliced
    inner join sliced as usual
        on sliced.stage_order = usual.stage_order
        and usual.slice_name = 'all'

)

select * from final
