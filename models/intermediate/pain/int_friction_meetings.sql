-- The first time that a session met a friction before it bought, and its place then. Trouble of a stage of the
-- funnel (a payment error) happens in that stage or a later one. A call for help (after-sales) happens in the
-- place of the session.
with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

frictions as (

    select
        event_type as friction,
        stage_order,
        stage = 'after_sales' as is_call_for_help
    from {{ ref('event_types') }}
    where is_friction

),

met as (

    select
        steps.visitor_no,
        steps.session_started_at,
        steps.event_no,

        frictions.friction,
        steps.place,

        case
            when frictions.is_call_for_help then steps.place_order
            else greatest(coalesce(steps.place_order, 0), coalesce(frictions.stage_order, 0))
        end as stage_order,
        steps.place_order,
        steps.place_length,

        frictions.is_call_for_help,

        row_number() over (
            partition by steps.visitor_no, steps.session_started_at, frictions.friction order by steps.event_no
        ) as meeting_no
    from steps
    inner join frictions on steps.next_event_type = frictions.friction

),

final as (

    select
        visitor_no,
        session_started_at,
        event_no,

        friction,
        place,

        stage_order,
        place_order,
        place_length,

        is_call_for_help,
        -- Too few to compare, or help asked for before anything was done, before the session was in any place.
        stage_order > 0
        and count(*) over (partition by friction, stage_order) >= {{ var('pain_min_sessions') }} as is_compared
    from met
    where meeting_no = 1

)

select * from final
