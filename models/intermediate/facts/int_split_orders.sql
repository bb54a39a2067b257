{{ config(materialized='view') }}

-- Order ids that several orders have: numbers that begin again each day, at each till or for each customer. Lines of
-- one id are one order if one visitor has them, each within `order_window_days` days of the one before; lines of nobody
-- if they are of one moment. One row a line: the first order keeps the key of the id, the others have their own.
{%- set window_seconds = var('order_window_days') * 86400 %}
{%- set longest_pause = 'case when visitor_no is null then 0 else ' ~ window_seconds ~ ' end' %}
with

lines as (

    select * from {{ ref('int_stitched_events') }}
    where event_type in ('purchase', 'refund')
        and order_id is not null

),

shared_ids as (

    select
        source,
        order_id
    from lines
    group by source, order_id
    having min(visitor_no) <> max(visitor_no)
        or {{ seconds_between(
            "min(case when event_type = 'purchase' then event_at end)",
            "max(case when event_type = 'purchase' then event_at end)"
        ) }} > case when count(visitor_no) = count(*) then {{ window_seconds }} else 0 end
        or count(case when event_type = 'purchase' then visitor_no end) > 0
        and count(case when event_type = 'purchase' and visitor_no is null then 1 end) > 0

),

told as (

    select lines.*
    from lines
    inner join shared_ids
        on lines.source = shared_ids.source
        and lines.order_id = shared_ids.order_id

),

paused as (

    select
        *,
        {{ seconds_between('lag(event_at) over history', 'event_at') }} as pause_seconds
    from told
    where event_type = 'purchase'
    window history as (partition by source, order_id, visitor_no order by {{ order_of_acts() }})

),

runs as (

    select
        *,
        count(case when pause_seconds > {{ longest_pause }} then 1 end) over (
            partition by source, order_id, visitor_no order by {{ order_of_acts() }}
            rows between unbounded preceding and current row
        ) as run_no
    from paused

),

orders as (

    select
        source,
        order_id,
        visitor_no,
        customer_no,
        run_no,
        min(event_at) as started_at,
        min(event_id) as first_event_id
    from runs
    group by source, order_id, visitor_no, customer_no, run_no

),

keyed_orders as (

    select
        *,
        case
            when row_number() over (partition by source, order_id order by started_at, first_event_id) = 1 then order_id
            else {{ id_key('order', "order_id || ':' || first_event_id") }}
        end as order_key
    from orders

),

-- A refund is of its visitor's order, the last one before it; it is of a stranger's only where one of the two is
-- unknown.
refund_orders as (

    select
        told.source,
        told.event_id,
        told.order_id,
        keyed_orders.order_key,
        keyed_orders.order_id is null as is_alone,
        row_number() over (
            partition by told.source, told.event_id
            order by
                case when keyed_orders.visitor_no = told.visitor_no then 0 else 1 end,
                case when {{ seconds_between('keyed_orders.started_at', 'told.event_at') }} >= 0 then 0 else 1 end,
                abs({{ seconds_between('keyed_orders.started_at', 'told.event_at') }}),
                keyed_orders.order_key
        ) as choice_no
    from told
    left join keyed_orders
        on told.source = keyed_orders.source
        and told.order_id = keyed_orders.order_id
        and (
            told.visitor_no = keyed_orders.visitor_no
            or told.customer_no is null
            or keyed_orders.customer_no is null
        )
    where told.event_type = 'refund'

),

final as (

    select
        runs.source,
        runs.event_id,
        keyed_orders.order_key
    from runs
    inner join keyed_orders
        on runs.source = keyed_orders.source
        and runs.order_id = keyed_orders.order_id
        and runs.visitor_no is not distinct from keyed_orders.visitor_no
        and runs.run_no = keyed_orders.run_no

    union all

    select
        source,
        event_id,
        case when is_alone then {{ id_key('order', "order_id || ':' || event_id") }} else order_key end as order_key
    from refund_orders
    where choice_no = 1

)

select * from final
