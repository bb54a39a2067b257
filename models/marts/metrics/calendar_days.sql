-- One row a day, from the first event to the day that scores are made for. Metrics over windows of days count along it.
{%- set most_days = 200 * 366 %}
with

sessions as (

    select * from {{ ref('sessions') }}

),

order_lines as (

    select * from {{ ref('order_lines') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

numbers as (

    {{ dbt.generate_series(most_days) }}

),

bounds as (

    select
        min(started_on) as first_day,
        max(started_on) as last_day
    from sessions

    union all

    select
        min(booked_on) as first_day,
        max(booked_on) as last_day
    from order_lines

    union all

    select
        min(cutoff_date) as first_day,
        max(cutoff_date) as last_day
    from cutoffs

),

span as (

    select
        min(first_day) as first_day,
        max(last_day) as last_day
    from bounds

),

days as (

    select
        cast(
            {{ dbt.dateadd('day', 'cast(numbers.generated_number - 1 as integer)', 'span.first_day') }} as date
        ) as date_day
    from span
    inner join numbers on numbers.generated_number <= {{ days_between('span.first_day', 'span.last_day') }} + 1

),

final as (

    select
        date_day,

        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
        cast({{ dbt.date_trunc('year', 'date_day') }} as date) as year_start,

        {{ dbt.date_trunc('week', 'date_day') }} <= {{ dbt.dateadd('day', -5, 'date_day') }} as is_weekend
    from days

)

select * from final
