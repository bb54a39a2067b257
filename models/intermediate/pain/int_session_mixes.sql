-- The mix that each session belongs to: what distinguishes sessions when like is compared with like. A number
-- replaces it: its columns cost more to group by than all the rest.
{%- set mix = pain_mix() %}
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

mixes as (

    select
        {{ mix | join(',\n        ') }},
        row_number() over (order by {{ mix | join(', ') }}) as mix_no
    from sessions
    group by {{ mix | join(', ') }}

),

final as (

    select
        sessions.visitor_no,
        sessions.session_started_at,

        mixes.mix_no,
        {{ prefixed('mixes', mix) | join(',\n        ') }},

        sessions.amount_cents,

        sessions.is_converted
    from sessions
    inner join mixes
        on {% for column in mix %}sessions.{{ column }} is not distinct from mixes.{{ column }}{% if not loop.last %}
        and {% endif %}{% endfor %}

)

select * from final
