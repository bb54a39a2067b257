-- How each customer comes and when she orders: main channel and device, the path of her last session, and the rhythm
-- of her order days. Bots are left out.
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

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'purchase'

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

following_order_days as (

    select
        customer_no,
        active_on,
        lag(active_on) over (partition by customer_no order by active_on) as previous_on
    from customer_days
    where is_order_day

),

gaps as (

    select
        customer_no,
        median({{ days_between('previous_on', 'active_on') }}) as median_gap_days
    from following_order_days
    group by customer_no

),

orders as (

    select
        customer_no,
        order_id,
        min(ordered_at) as ordered_at
    from order_lines
    group by customer_no, order_id

),

-- January 1, 2001 was a Monday.
order_times as (

    select
        customer_no,
        1 + {{ days_between("date '2001-01-01'", utc_date('ordered_at')) }} % 7 as weekday_no,
        cast(floor({{ seconds_between("timestamptz '2001-01-01 00:00:00+00'", 'ordered_at') }} / 3600) as bigint) % 24
            as hour_no
    from orders

),

times as (

    select
        customer_no,
        'weekday' as kind,
        weekday_no as time_no,
        count(*) as order_count
    from order_times
    group by customer_no, weekday_no

    union all

    select
        customer_no,
        'hour' as kind,
        hour_no as time_no,
        count(*) as order_count
    from order_times
    group by customer_no, hour_no

),

ranked_times as (

    select
        *,
        row_number() over (partition by customer_no, kind order by order_count desc, time_no asc) as place
    from times

),

usual_times as (

    select
        customer_no,
        max(case when kind = 'weekday' then time_no end) as usual_weekday_no,
        max(case when kind = 'hour' then time_no end) as usual_hour
    from ranked_times
    where place = 1
    group by customer_no

),

habits as (

    select customer_no from last_sessions
    union
    select customer_no from usual_times

),

final as (

    select
        habits.customer_no,

        main_ways.main_channel,
        main_ways.main_device,
        last_paths.last_path,

        coalesce(last_sessions.session_count, 0) as session_count,
        gaps.median_gap_days,
        usual_times.usual_weekday_no,
        usual_times.usual_hour,

        last_sessions.last_session_at
    from habits
    left join main_ways on habits.customer_no = main_ways.customer_no
    left join last_sessions on habits.customer_no = last_sessions.customer_no
    left join last_paths on habits.customer_no = last_paths.customer_no
    left join gaps on habits.customer_no = gaps.customer_no
    left join usual_times on habits.customer_no = usual_times.customer_no

)

select * from final
