-- The calendar has every day from the first to the last, so that no session and no order line falls outside of it.
with

calendar_days as (

    select * from {{ ref('calendar_days') }}

),

booked as (

    select started_on as date_day from {{ ref('sessions') }}
    union
    select booked_on as date_day from {{ ref('order_lines') }}

),

span as (

    select
        count(*) as day_count,
        {{ days_between('min(date_day)', 'max(date_day)') }} + 1 as span_days
    from calendar_days

)

select
    'a day that something happened on is missing' as problem,
    booked.date_day
from booked
left join calendar_days on booked.date_day = calendar_days.date_day
where calendar_days.date_day is null

union all

select
    'there are gaps' as problem,
    cast(null as date) as date_day
from span
where day_count <> span_days
