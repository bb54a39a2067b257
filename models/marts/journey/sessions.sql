-- One row a session, for people: who, when, how far, how much.
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

event_types as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage is not null

),

numbered as (

    select
        *,
        row_number() over (partition by visitor_no order by session_started_at) as visit_number
    from sessions

),

final as (

    select
        numbered.session_id,
        customers.customer_key,

        numbered.source,
        numbered.entry_event_type,
        numbered.exit_event_type,
        numbered.exit_stage,
        event_types.stage as furthest_stage,
        numbered.channel,
        numbered.device,
        numbered.country,

        numbered.visit_number,
        numbered.event_count,
        numbered.view_count,
        numbered.order_line_count,
        numbered.friction_count,
        numbered.amount,
        numbered.duration_seconds,
        numbered.engaged_seconds,

        numbered.is_converted,
        numbered.visit_number > 1 as is_returning,
        numbered.is_bot,
        numbered.is_overlong,

        numbered.session_started_at as started_at,
        numbered.ended_at
    from numbered
    left join customers on numbered.customer_no = customers.customer_no
    left join event_types on numbered.furthest_stage_order = event_types.stage_order

)

select * from final
