-- Sessions that met a friction beside sessions that stood in the same place at the same time and did not: one row a
-- friction, stage and stratum. A stratum is the place (the act before, the furthest stage, the acts in the stage so
-- far) and the mix (quarter, channel, device, country, new or returning).
{%- set mix = pain_mix() %}
{%- set place = ['place', 'place_order', 'place_length'] %}
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

-- A number stands for the mix: its columns cost more to group by than all the rest.
mixes as (

    select
        {{ mix | join(',\n        ') }},
        row_number() over (order by {{ mix | join(', ') }}) as mix_no
    from sessions
    group by {{ mix | join(', ') }}

),

mixed_sessions as (

    select
        sessions.visitor_no,
        sessions.session_started_at,
        sessions.is_converted,
        sessions.amount_cents,
        mixes.mix_no
    from sessions
    inner join mixes
        on {% for column in mix %}sessions.{{ column }} is not distinct from mixes.{{ column }}{% if not loop.last %}
        and {% endif %}{% endfor %}

),

places as (

    select * from {{ ref('int_friction_places') }}

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

-- Trouble comes instead of an act that went well, so it is compared with acts that went well and led as far. Help is
-- asked for instead of anything: the comparison is everybody else who stood there, those who left included.
without_friction as (

    select
        frictions.friction,
        frictions.stage_order,
        places.visitor_no,
        places.session_started_at,
        places.place,
        places.place_order,
        places.place_length
    from places
    inner join frictions
        on case
            when frictions.is_call_for_help
                then not places.is_call_for_help and places.place_order = frictions.stage_order
            else
                places.next_event_type is not null
                and not places.is_friction
                and places.next_order >= frictions.stage_order
        end
    left join meetings
        on places.visitor_no = meetings.visitor_no
        and places.session_started_at = meetings.session_started_at
        and frictions.friction = meetings.friction
    where meetings.friction is null or places.first_event_no < meetings.event_no

),

compared as (

    select
        meetings.friction,
        meetings.stage_order,
        true as is_with,
        meetings.visitor_no,
        meetings.session_started_at,
        meetings.place,
        meetings.place_order,
        meetings.place_length
    from compared_meetings as meetings

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

counted as (

    select
        compared.friction,
        {{ prefixed('compared', place) | join(',\n        ') }},
        mixed_sessions.mix_no,
        compared.stage_order,
        {{ pain_counts('compared.is_with', 'mixed_sessions') }}
    from compared
    inner join mixed_sessions
        on compared.visitor_no = mixed_sessions.visitor_no
        and compared.session_started_at = mixed_sessions.session_started_at
    group by
        compared.friction, compared.stage_order, {{ prefixed('compared', place) | join(', ') }},
        mixed_sessions.mix_no
    having count(*) filter (where compared.is_with) > 0

),

final as (

    select
        counted.friction,

        {{ prefixed('counted', place) | join(',\n        ') }},
        {{ prefixed('mixes', mix) | join(',\n        ') }},

        counted.stage_order,
        counted.with_count,
        counted.with_order_count,
        counted.without_count,
        counted.without_order_count,
        counted.without_cents,
        counted.without_squared_cents
    from counted
    inner join mixes on counted.mix_no = mixes.mix_no

)

select * from final
