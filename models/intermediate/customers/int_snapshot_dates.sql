-- The dates of all snapshots over the shop's whole life. Those of int_cutoffs are shown; the month starts before them
-- are there because a snapshot follows from the one before it. So what a date says does not depend on how far back the
-- shop is looked at from today.
with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

-- From the first one with a month of history behind it, as in int_cutoffs.
span as (

    select
        {{ month_start(dbt.dateadd('day', 29, 'min(active_on)')) }} as month_before,
        max(active_on) as last_day,
        min(case when is_order_day then active_on end) as first_ordered_on
    from customer_days

),

months as (

    select
        month_before,
        {{ each_month('month_before', 'last_day') }} as cutoff_date
    from span
    where month_before <= last_day

),

month_starts as (

    select cutoff_date from months
    where cutoff_date > month_before

),

dates as (

    select cutoff_date from month_starts
    union
    select cutoff_date from cutoffs

),

halved as (

    select
        cutoff_date,
        cutoff_date = {{ month_start('cutoff_date') }} as is_month_start,
        cast(extract(year from cutoff_date) as integer) as year_no,
        extract(month from cutoff_date) > 6 as is_second_half
    from dates

),

-- A half year's thresholds are learned on its first day; in the shop's first half year on the first month start before
-- which somebody had bought.
half_years as (

    select
        halved.year_no,
        halved.is_second_half,
        min(halved.cutoff_date) as learned_on
    from halved
    cross join span
    where halved.is_month_start
        and halved.cutoff_date > span.first_ordered_on
    group by halved.year_no, halved.is_second_half

),

final as (

    select
        halved.cutoff_date,
        lag(halved.cutoff_date) over (order by halved.cutoff_date) as previous_cutoff_date,

        {% if var('segment_learned_on') -%}
        {{ day(var('segment_learned_on')) }} as learned_on,
        {%- else -%}
        case
            when half_years.learned_on <= halved.cutoff_date then half_years.learned_on
            else halved.cutoff_date
        end as learned_on,
        {%- endif %}

        cutoffs.cutoff_date is not null as is_shown
    from halved
    left join half_years
        on halved.year_no = half_years.year_no
        and halved.is_second_half = half_years.is_second_half
    left join cutoffs on halved.cutoff_date = cutoffs.cutoff_date

)

select * from final
