-- The order days that each customer had by each snapshot date, over the shop's whole life, as they were known then:
-- what was given back by that date is off, what was given back later is not.
{%- set half_life_days = 180 %}
with

entries as (

    select * from {{ ref('int_order_entries') }}

),

dates as (

    select * from {{ ref('int_snapshot_dates') }}

),

order_days as (

    select
        entries.customer_no,
        dates.cutoff_date,
        entries.ordered_on,
        power(0.5e0, {{ days_between('entries.ordered_on', 'dates.cutoff_date') }} / {{ half_life_days }}e0) as weight,
        sum(entries.spend_amount) as spend_amount
    from entries
    inner join dates on entries.booked_on < dates.cutoff_date
    group by entries.customer_no, dates.cutoff_date, entries.ordered_on
    having sum(entries.order_day_count) > 0

),

-- In the order of days: sums of floats depend on theirs.
running as (

    select
        customer_no,
        cutoff_date,
        ordered_on,
        lag(ordered_on) over so_far as previous_ordered_on,
        row_number() over so_far as order_day_count,
        sum(weight) over so_far as faded_order_days,
        sum(weight * spend_amount) over so_far as faded_amount,
        lead(ordered_on) over so_far as next_ordered_on
    from order_days
    window so_far as (partition by customer_no, cutoff_date order by ordered_on)

),

final as (

    select
        customer_no,
        cutoff_date,

        ordered_on as last_ordered_on,
        previous_ordered_on,

        order_day_count,
        faded_order_days,
        faded_amount
    from running
    where next_ordered_on is null

)

select * from final
