-- A channel's share of what did not convert is only right when no session is lost: each is a touch of one path.
-- Returns sessions that no path holds.
with

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

touches as (

    select * from {{ ref('int_attribution_touches') }}

)

select
    sessions.visitor_no,
    sessions.session_started_at
from sessions
left join touches
    on sessions.visitor_no = touches.visitor_no
    and sessions.session_started_at = touches.touched_at
where touches.visitor_no is null
