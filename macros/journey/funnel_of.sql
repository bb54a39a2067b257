{#- A query: how many visitors took these events in this order, whatever lay between, over all of their sessions.
    Events go by the names that the shop itself gives them; one may be named twice, for visitors who came back. -#}
{% macro funnel_of(event_names, within_days=none) -%}
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

acts as (

    select
        session_events.visitor_no,
        session_events.session_started_at,
        session_events.event_name as step,
        row_number() over (
            partition by session_events.visitor_no
            order by session_events.session_started_at, session_events.event_no
        ) as place,
        session_events.event_at as happened_at
    from session_events
    inner join sessions
        on session_events.visitor_no = sessions.visitor_no
        and session_events.session_started_at = sessions.session_started_at
    where session_events.event_name in ({% for name in event_names %}{{ sql_text(name) }}{% if not loop.last %}, {% endif %}{% endfor %})

),

{{ ordered_steps(
    'funnel', 'acts', event_names, who=['visitor_no'],
    limit_seconds=within_days * 86400 if within_days else none
) }},

asked as (
    {% for name in event_names %}
    select
        {{ loop.index }} as step_no,
        {{ sql_text(name) }} as step
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

counted as (

    select
        step_no,
        count(*) as visitor_count,
        {{ quantile(seconds_between('first_at', 'reached_at'), 0.5) }} as median_seconds_to_reach
    from funnel_taken
    group by step_no

),

final as (

    select
        asked.step_no,
        asked.step,
        coalesce(counted.visitor_count, 0) as visitor_count,
        cast(coalesce(counted.visitor_count, 0) as double) / max(counted.visitor_count) over ()
            as conversion_from_first,
        counted.median_seconds_to_reach
    from asked
    left join counted on asked.step_no = counted.step_no

)

select * from final
order by step_no
{%- endmacro %}
