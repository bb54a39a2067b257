{{ config(materialized='view', tags=['risk']) }}

-- What was given back of what attempts to pay led to, a row for each refund and line of an order, and when the shop
-- knew of it. Of several attempts that led to one order, the refund is of the one that was known first.
with

refunds as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'refund'

),

attempts as (

    select * from {{ ref('int_payment_attempts') }}
    where outcome = 'order'
        and order_id in (select refunds.order_key from refunds)

),

arrivals as {{ read_each_time() }} (

    select
        event_id,
        source,
        {{ at_least('event_at', 'received_at') }} as known_at
    from {{ ref('int_stitched_events') }}
    where event_type = 'refund'

),

ordered as (

    select
        order_id,
        attempt_id,
        known_at,
        row_number() over (partition by order_id order by known_at, attempted_at, attempt_id) as attempt_no
    from attempts

),

final as (

    select
        refunds.order_line_id,
        refunds.source,

        ordered.attempt_id,

        coalesce(-refunds.amount, 0e0) as amount,

        -- Whose it is, nobody knows before the attempt is known.
        {{ at_least('arrivals.known_at', 'ordered.known_at') }} as known_at
    from refunds
    inner join arrivals
        on refunds.order_line_id = arrivals.event_id
        and refunds.source = arrivals.source
    inner join ordered
        on refunds.order_key = ordered.order_id
        and ordered.attempt_no = 1

)

select * from final
