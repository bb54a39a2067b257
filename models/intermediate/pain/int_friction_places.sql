{{ config(materialized='view') }}

-- Sessions that were in a place where some session met a friction, and what each did next. A session counts once for
-- each place and what it did next, however often it was there.
with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

event_types as (

    select * from {{ ref('event_types') }}

),

meetings as (

    select * from {{ ref('int_friction_meetings') }}
    where is_compared

),

places as (

    select
        place,
        place_order,
        place_length,
        row_number() over (order by place, place_order, place_length) as place_no
    from meetings
    group by place, place_order, place_length

),

-- A number replaces the place: three columns cost more to group by. Materialized, because hardly any two rows group
-- together, and to group before the join as well, as DuckDB would, costs as much again.
placed as {{ read_once() }} (

    select
        steps.visitor_no,
        steps.session_started_at,
        steps.event_no,
        steps.next_event_type,
        places.place_no
    from steps
    inner join places
        on steps.place = places.place
        and steps.place_order = places.place_order
        and steps.place_length = places.place_length

),

stood as (

    select
        visitor_no,
        session_started_at,
        place_no,
        next_event_type,
        min(event_no) as first_event_no
    from placed
    group by visitor_no, session_started_at, place_no, next_event_type

),

final as (

    select
        stood.visitor_no,
        stood.session_started_at,
        stood.first_event_no,

        places.place,
        stood.next_event_type,

        places.place_order,
        places.place_length,
        greatest(
            coalesce(places.place_order, 0),
            coalesce(case when event_types.stage <> 'after_sales' then event_types.stage_order end, 0)
        ) as next_order,
        coalesce(event_types.is_friction, false) as is_friction,
        coalesce(event_types.is_friction and event_types.stage = 'after_sales', false) as is_call_for_help
    from stood
    inner join places on stood.place_no = places.place_no
    left join event_types on stood.next_event_type = event_types.event_type

)

select * from final
