-- Every visitor of the shop has one start and one end of their way across sessions, on both levels. Returns the level
-- with the visitors that it has and those that there are.
with

visitors as (

    select count(distinct visitor_key) as visitor_count
    from {{ ref('sessions') }}
    where not is_bot

),

transitions as (

    select
        level,
        cast(
            sum(case when from_state = '{{ journey_markers().start }}' then transition_count else 0 end) as bigint
        ) as start_count,
        cast(
            sum(case when to_state = '{{ journey_markers().end }}' then transition_count else 0 end) as bigint
        ) as end_count
    from {{ ref('journey_transitions') }}
    where path_scope = 'between_sessions'
    group by level

)

select
    transitions.level,
    transitions.start_count,
    transitions.end_count,
    visitors.visitor_count
from transitions
cross join visitors
where transitions.start_count <> visitors.visitor_count
    or transitions.end_count <> visitors.visitor_count
