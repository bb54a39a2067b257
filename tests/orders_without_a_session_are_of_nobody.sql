-- Each purchase of a visitor is an act of one of their sessions, so sessions hold all orders but those of nobody
-- (without consent, or over a counter). Returns purchases of a visitor without a session, and of nobody with one.
with

lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'purchase'

),

order_lines as (

    select * from {{ ref('order_lines') }}

)

select
    lines.source,
    lines.order_line_id,
    lines.visitor_no,
    order_lines.session_id
from lines
left join order_lines
    on lines.order_line_id = order_lines.order_line_id
    and lines.source = order_lines.source
where (lines.visitor_no is null) <> (order_lines.session_id is null)
