-- All sessions in a place, by mix and by what they did next: counted once for all frictions.
{%- set place = ['place', 'place_order', 'place_length'] %}
{%- set next = ['next_order', 'has_next', 'is_friction', 'is_call_for_help'] %}
with

mixed_sessions as (

    select * from {{ ref('int_session_mixes') }}

),

places as (

    select
        *,
        next_event_type is not null as has_next
    from {{ ref('int_friction_places') }}

),

final as (

    select
        {{ prefixed('places', next) | join(',\n        ') }},
        {{ prefixed('places', place) | join(',\n        ') }},
        mixed_sessions.mix_no,
        {{ pain_sums('mixed_sessions') }}
    from places
    inner join mixed_sessions
        on places.visitor_no = mixed_sessions.visitor_no
        and places.session_started_at = mixed_sessions.session_started_at
    group by {{ prefixed('places', next + place) | join(', ') }}, mixed_sessions.mix_no

)

select * from final
