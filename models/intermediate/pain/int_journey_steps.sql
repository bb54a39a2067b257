-- The place of a session, and what it did next: an order, trouble, another act or nothing. One row a session and
-- place; the door (`entry`) is the first. What follows the first purchase is left out: it cannot have cost that
-- purchase.
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

session_events as (

    select * from {{ ref('int_session_events') }}

),

purchases as (

    select max(stage_order) as purchase_order
    from {{ ref('event_types') }}
    where stage = 'purchase'

),

walked as (

    select
        session_events.visitor_no,
        session_events.session_started_at,
        session_events.event_no,
        session_events.event_type,
        session_events.event_no - session_events.visit_first_event_no + 1 as act_count,
        lead(session_events.event_type) over acts as next_event_type,
        -- After-sales is not a step towards a purchase: a session that asks for help stays in its place.
        coalesce(max(case when session_events.stage <> 'after_sales' then session_events.stage_order end) over (
            acts rows between unbounded preceding and current row
        ), 0) as reached_order
    from session_events
    inner join sessions
        on session_events.visitor_no = sessions.visitor_no
        and session_events.session_started_at = sessions.session_started_at
    window acts as (
        partition by session_events.visitor_no, session_events.session_started_at order by session_events.event_no
    )

),

final as (

    select
        visitor_no,
        session_started_at,
        0 as event_no,
        'entry' as place,
        0 as place_order,
        0 as place_length,
        event_type as next_event_type
    from walked
    where event_no = 1

    union all

    select
        visitor_no,
        session_started_at,
        event_no,
        event_type as place,
        reached_order as place_order,
        -- How long the session had been in the stage: 1, 2 to 3, 4 to 7 … acts. Longer stays meet more of everything.
        -- A whole power of two is one, whatever the last digit of its logarithm.
        cast(floor(ln(act_count) / ln(2e0) + 1e-9) as integer) as place_length,
        next_event_type
    from walked
    where reached_order < (select purchases.purchase_order from purchases)

)

select * from final
