-- Sessions that met a friction, and sessions in the same place at the same time that did not: one row a
-- friction, stage and stratum. A stratum is the place (the act before, the furthest stage, the acts in the stage so
-- far) and the mix (quarter, channel, device, country, new or returning).
{%- set mix = pain_mix() %}
{%- set place = ['place', 'place_order', 'place_length'] %}
with

mixed_sessions as (

    select * from {{ ref('int_session_mixes') }}

),

mixes as (

    select distinct
        mix_no,
        {{ mix | join(',\n        ') }}
    from mixed_sessions

),

places as (

    select
        *,
        next_event_type is not null as has_next
    from {{ ref('int_friction_places') }}

),

stood as (

    select * from {{ ref('int_places_stood') }}

),

meetings as (

    select * from {{ ref('int_friction_meetings') }}

),

compared_meetings as (

    select * from meetings
    where is_compared

),

frictions as (

    select distinct
        friction,
        stage_order,
        is_call_for_help
    from compared_meetings

),

everybody as (

    select
        frictions.friction,
        frictions.stage_order,
        {{ prefixed('stood', place) | join(',\n        ') }},
        stood.mix_no,
        sum(stood.session_count) as session_count,
        sum(stood.order_count) as order_count,
        sum(stood.cents) as cents,
        sum(stood.squared_cents) as squared_cents
    from stood
    inner join frictions on {{ is_friction_comparison('stood') }}
    group by frictions.friction, frictions.stage_order, {{ prefixed('stood', place) | join(', ') }}, stood.mix_no

),

-- Sessions that met the friction in that place, or had met it before, are not used for comparison and taken off again.
met as (

    select
        frictions.friction,
        frictions.stage_order,
        {{ prefixed('places', place) | join(',\n        ') }},
        mixed_sessions.mix_no,
        {{ pain_sums('mixed_sessions') }}
    from places
    inner join meetings
        on places.visitor_no = meetings.visitor_no
        and places.session_started_at = meetings.session_started_at
        and places.first_event_no >= meetings.event_no
    inner join frictions
        on meetings.friction = frictions.friction
        and {{ is_friction_comparison('places') }}
    inner join mixed_sessions
        on places.visitor_no = mixed_sessions.visitor_no
        and places.session_started_at = mixed_sessions.session_started_at
    group by
        frictions.friction, frictions.stage_order, {{ prefixed('places', place) | join(', ') }}, mixed_sessions.mix_no

),

meeting_sessions as (

    select
        compared_meetings.friction,
        compared_meetings.stage_order,
        {{ prefixed('compared_meetings', place) | join(',\n        ') }},
        mixed_sessions.mix_no,
        {{ pain_sums('mixed_sessions') }}
    from compared_meetings
    inner join mixed_sessions
        on compared_meetings.visitor_no = mixed_sessions.visitor_no
        and compared_meetings.session_started_at = mixed_sessions.session_started_at
    group by
        compared_meetings.friction, compared_meetings.stage_order,
        {{ prefixed('compared_meetings', place) | join(', ') }}, mixed_sessions.mix_no

),

final as (

    select
        meeting_sessions.friction,
        {{ prefixed('meeting_sessions', place) | join(',\n        ') }},
        {{ prefixed('mixes', mix) | join(',\n        ') }},

        meeting_sessions.stage_order,
        meeting_sessions.session_count as with_count,
        meeting_sessions.order_count as with_order_count,
        cast(coalesce(everybody.session_count, 0) - coalesce(met.session_count, 0) as bigint) as without_count,
        cast(coalesce(everybody.order_count, 0) - coalesce(met.order_count, 0) as bigint) as without_order_count,
        coalesce(everybody.cents, 0) - coalesce(met.cents, 0) as without_cents,
        coalesce(everybody.squared_cents, 0) - coalesce(met.squared_cents, 0) as without_squared_cents
    from meeting_sessions
    inner join mixes on meeting_sessions.mix_no = mixes.mix_no
    left join everybody
        on meeting_sessions.mix_no = everybody.mix_no
        {%- for column in ['friction', 'stage_order'] + place %}
        and meeting_sessions.{{ column }} = everybody.{{ column }}
        {%- endfor %}
    left join met
        on meeting_sessions.mix_no = met.mix_no
        {%- for column in ['friction', 'stage_order'] + place %}
        and meeting_sessions.{{ column }} = met.{{ column }}
        {%- endfor %}

)

select * from final
