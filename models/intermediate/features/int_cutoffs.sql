-- The dates that the shop is looked at from: the first of each month with enough history behind it, and the as-of
-- date, the day after the newest event. Month starts stay put while days go by, so yesterday's models stay valid.
-- Var `more_cutoff_dates` adds days of the user's own choice. Days before `complete_until` are known to be over: the
-- newest day is so only where its events come within a session gap of midnight. Until then what is missing of it is not
-- known, and no window that ends with it is closed.
{%- set more_dates = days(var('more_cutoff_dates')) %}
with

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

days as (

    select
        min(active_on) as first_day,
        max(active_on) as newest_day,
        cast({{ dbt.dateadd('day', 1, 'max(active_on)') }} as date) as as_of_date
    from customer_days

),

data_end as (

    select {{ shop_day_of(dbt.dateadd('minute', var('session_gap_minutes'), 'max(ended_at)')) }} as reached_on
    from sessions

),

span as (

    select
        days.first_day,
        days.as_of_date,
        case when data_end.reached_on >= days.as_of_date then days.as_of_date else days.newest_day end as complete_until
    from days
    cross join data_end

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
        span.complete_until,
        cast({{ dbt.dateadd('month', '-steps.months_back', dbt.date_trunc('month', 'span.as_of_date')) }} as date)
            as cutoff_date
    from span
    cross join steps

),

final as (

    select
        as_of_date as cutoff_date,
        as_of_date,
        complete_until,
        true as is_as_of
    from span
    where as_of_date is not null

    union all

    -- A month of history is the least that a feature can be computed from.
    select
        cutoff_date,
        as_of_date,
        complete_until,
        false as is_as_of
    from months
    where cutoff_date < as_of_date
        and cutoff_date >= {{ dbt.dateadd('day', 30, 'first_day') }}

    {%- if more_dates %}

    -- Chosen days; those that are cut-offs anyway, or are outside the history, add nothing.
    union

    select
        chosen.cutoff_date,
        span.as_of_date,
        span.complete_until,
        false as is_as_of
    from span
    inner join (
        {%- for more_date in more_dates %}
        select {{ more_date }} as cutoff_date
        {%- if not loop.last %} union all {% endif %}
        {%- endfor %}
    ) as chosen
        on chosen.cutoff_date < span.as_of_date
        and chosen.cutoff_date >= {{ dbt.dateadd('day', 30, 'span.first_day') }}
    {%- endif %}

)

select * from final
