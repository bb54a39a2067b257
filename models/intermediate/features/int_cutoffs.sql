-- The dates that the shop is looked at from: the first of each month with enough history behind it, and the as-of
-- date, the day after the newest event. Month starts stay put while days go by, so yesterday's models stay valid.
-- Var `cutoff_dates` adds dates of one's own, for a back-test at a day that somebody else has named.
with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

span as (

    select
        min(active_on) as first_day,
        cast({{ dbt.dateadd('day', 1, 'max(active_on)') }} as date) as as_of_date
    from customer_days

),

steps as (
    {% for month in range(var('cutoff_months')) -%}
    select {{ month }} as months_back
    {%- if not loop.last %} union all {% endif %}
    {% endfor %}
),

months as (

    select
        span.first_day,
        span.as_of_date,
        cast({{ dbt.dateadd('month', '-steps.months_back', dbt.date_trunc('month', 'span.as_of_date')) }} as date)
            as cutoff_date
    from span
    cross join steps

),

-- A month of history is the least that a feature can be told from.
past_dates as (

    select
        cutoff_date,
        as_of_date
    from months
    where cutoff_date < as_of_date
        and cutoff_date >= {{ dbt.dateadd('day', 30, 'first_day') }}
    {%- for date in var('cutoff_dates') or [] %}
    union
    select
        date '{{ date }}' as cutoff_date,
        as_of_date
    from span
    where date '{{ date }}' < as_of_date
        and date '{{ date }}' >= {{ dbt.dateadd('day', 30, 'first_day') }}
    {%- endfor %}

),

final as (

    select
        as_of_date as cutoff_date,
        as_of_date,
        true as is_as_of
    from span
    where as_of_date is not null

    union all

    select
        cutoff_date,
        as_of_date,
        false as is_as_of
    from past_dates

)

select * from final
