-- Sessions that met a friction beside sessions that stood in the same place at the same time and did not: one row a
-- friction, stage and stratum. A stratum is the place (the act before, the furthest stage, the acts in the stage so far)
-- and the mix (quarter, channel, device, country, new or returning).
{%- set mix = pain_mix() %}
{%- set stratum = ['place', 'place_order', 'place_length'] + mix %}
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

steps as (

    select * from {{ ref('int_journey_steps') }}

),

event_types as (

    select * from {{ ref('event_types') }}

),

-- A session that calls for help before it did anything stood nowhere yet.
meetings as (

    select * from {{ ref('int_friction_meetings') }}
    where stage_order > 0

),

frictions as (

    select
        friction,
        stage_order,
        is_call_for_help
    from meetings
    group by friction, stage_order, is_call_for_help
    having count(*) >= {{ var('pain_min_sessions') }}

),

places as (

    select distinct
        meetings.place,
        meetings.place_order,
        meetings.place_length
    from meetings
    inner join frictions
        on meetings.friction = frictions.friction
        and meetings.stage_order = frictions.stage_order

),

-- A session counts once for each place and what it did next, however often it stood there.
stood as (

    select
        steps.visitor_no,
        steps.session_started_at,
        steps.place,
        steps.place_order,
        steps.place_length,
        steps.next_event_type,
        min(steps.event_no) as first_event_no
    from steps
    inner join places
        on steps.place = places.place
        and steps.place_order = places.place_order
        and steps.place_length = places.place_length
    group by
        steps.visitor_no, steps.session_started_at, steps.place, steps.place_order, steps.place_length,
        steps.next_event_type

),

typed as (

    select
        stood.*,
        greatest(
            stood.place_order, case when event_types.stage = 'after_sales' then 0 else event_types.stage_order end
        ) as next_order,
        coalesce(event_types.is_friction, false) as is_friction,
        coalesce(event_types.is_friction and event_types.stage = 'after_sales', false) as is_call_for_help
    from stood
    left join event_types on stood.next_event_type = event_types.event_type

),

-- Trouble comes instead of an act that went well, so it is compared with acts that went well and led as far. Help is
-- asked for instead of anything: the comparison is everybody else who stood there, those who left included.
without_friction as (

    select
        frictions.friction,
        frictions.stage_order,
        typed.visitor_no,
        typed.session_started_at,
        typed.place,
        typed.place_order,
        typed.place_length
    from typed
    inner join frictions
        on case
            when frictions.is_call_for_help
                then not typed.is_call_for_help and typed.place_order = frictions.stage_order
            else
                typed.next_event_type is not null
                and not typed.is_friction
                and typed.next_order >= frictions.stage_order
        end
    left join meetings
        on typed.visitor_no = meetings.visitor_no
        and typed.session_started_at = meetings.session_started_at
        and frictions.friction = meetings.friction
    where meetings.friction is null or typed.first_event_no < meetings.event_no

),

compared as (

    select
        meetings.friction,
        meetings.stage_order,
        true as is_with,
        {{ prefixed('meetings', ['visitor_no', 'session_started_at', 'place', 'place_order', 'place_length']) | join(', ') }}
    from meetings
    inner join frictions
        on meetings.friction = frictions.friction
        and meetings.stage_order = frictions.stage_order

    union all

    select
        friction,
        stage_order,
        false as is_with,
        visitor_no,
        session_started_at,
        place,
        place_order,
        place_length
    from without_friction

),

final as (

    select
        compared.friction,

        {{ prefixed('compared', stratum[:3]) | join(',\n        ') }},
        {{ prefixed('sessions', mix) | join(',\n        ') }},

        compared.stage_order,
        {{ pain_counts('compared.is_with', 'sessions') }}
    from compared
    inner join sessions
        on compared.visitor_no = sessions.visitor_no
        and compared.session_started_at = sessions.session_started_at
    group by
        compared.friction, compared.stage_order, {{ prefixed('compared', stratum[:3]) | join(', ') }},
        {{ prefixed('sessions', mix) | join(', ') }}
    having count(*) filter (where compared.is_with) > 0

)

select * from final
