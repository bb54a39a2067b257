-- How each customer visits: main channel and device, how often, and the path of their last session. Bots are left out.
{%- set longest_path = 12 %}
with

sessions as (

    select * from {{ ref('int_sessions') }}
    where customer_no is not null
        and not is_bot

),

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

ways as (

    select
        customer_no,
        'channel' as kind,
        channel as way,
        count(*) as session_count
    from sessions
    where channel is not null
    group by customer_no, channel

    union all

    select
        customer_no,
        'device' as kind,
        device as way,
        count(*) as session_count
    from sessions
    where device is not null
    group by customer_no, device

),

ranked_ways as (

    select
        *,
        row_number() over (partition by customer_no, kind order by session_count desc, way asc) as place
    from ways

),

main_ways as (

    select
        customer_no,
        max(case when kind = 'channel' then way end) as main_channel,
        max(case when kind = 'device' then way end) as main_device
    from ranked_ways
    where place = 1
    group by customer_no

),

last_sessions as (

    select
        customer_no,
        count(*) as session_count,
        max(session_started_at) as last_session_at
    from sessions
    group by customer_no

),

path_steps as (

    select
        last_sessions.customer_no,
        stage_visits.stage,
        stage_visits.visit_first_event_no,
        row_number() over (partition by last_sessions.customer_no order by stage_visits.visit_first_event_no) as step_no
    from last_sessions
    inner join stage_visits
        on last_sessions.customer_no = stage_visits.visitor_no
        and last_sessions.last_session_at = stage_visits.session_started_at

),

shown_steps as (

    select
        customer_no,
        step_no,
        case when step_no <= {{ longest_path }} then stage else '…' end as step
    from path_steps
    where step_no <= {{ longest_path }} + 1

),

last_paths as (

    select
        customer_no,
        {{ dbt.listagg('step', "' > '", 'order by step_no') }} as last_path
    from shown_steps
    group by customer_no

),

final as (

    select
        last_sessions.customer_no,

        main_ways.main_channel,
        main_ways.main_device,
        last_paths.last_path,

        last_sessions.session_count,

        last_sessions.last_session_at
    from last_sessions
    left join main_ways on last_sessions.customer_no = main_ways.customer_no
    left join last_paths on last_sessions.customer_no = last_paths.customer_no

)

select * from final
