-- When each customer orders: the pace of their order days, and the weekday and hour of most of their orders.
{%- set first_monday = "cast('1900-01-01 00:00:00+00' as " ~ moment_type() ~ ')' %}
with

entries as (

    select * from {{ ref('int_order_entries') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where customer_no is not null
        and event_type = 'purchase'

),

following_order_days as (

    select
        customer_no,
        ordered_on,
        lag(ordered_on) over (partition by customer_no order by ordered_on) as previous_on
    from entries
    group by customer_no, ordered_on
    having sum(order_day_count) > 0

),

gaps as (

    select
        customer_no,
        {{ quantile(days_between('previous_on', 'ordered_on'), 0.5) }} as median_gap_days
    from following_order_days
    group by customer_no

),

orders as (

    select
        customer_no,
        order_key,
        min(ordered_at) as ordered_at,
        min(ordered_on) as ordered_on
    from order_lines
    group by customer_no, order_key

),

-- January 1, 1900 was a Monday, and is before every event.
order_times as (

    select
        customer_no,
        1 + {{ days_between("date '1900-01-01'", 'ordered_on') }} % 7 as weekday_no,
        cast(floor({{ seconds_between(first_monday, shop_clock('ordered_at')) }} / 3600e0) as bigint) % 24
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

buyers as (

    select customer_no from gaps
    union
    select customer_no from usual_times

),

final as (

    select
        buyers.customer_no,

        gaps.median_gap_days,
        usual_times.usual_weekday_no,
        usual_times.usual_hour
    from buyers
    left join gaps on buyers.customer_no = gaps.customer_no
    left join usual_times on buyers.customer_no = usual_times.customer_no

)

select * from final
