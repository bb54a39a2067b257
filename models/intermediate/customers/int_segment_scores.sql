-- The score that customers who have bought are segmented by, on each snapshot date of the shop's whole life.
with

histories as (

    select * from {{ ref('int_customer_histories') }}
    where order_day_count > 0

),

dates as (

    select * from {{ ref('int_snapshot_dates') }}

),

-- A shop without amounts is segmented by order days alone. What it had recorded by the day that thresholds are learned
-- on decides, for all dates that they hold for: scores and thresholds are on one scale.
scales as (

    select
        cutoff_date as learned_on,
        max(faded_amount) > 0 as has_amounts
    from histories
    group by cutoff_date

),

final as (

    select
        histories.customer_no,
        histories.cutoff_date,
        dates.learned_on,

        row_number() over (partition by histories.customer_no order by histories.cutoff_date) as snapshot_no,
        -- The geometric mean of order days and spend, both fading with time. Rounded, because sums of floats depend on
        -- the order of addition, and a threshold is the score of a customer.
        round(
            case
                when scales.has_amounts then sqrt(histories.faded_order_days * histories.faded_amount)
                else histories.faded_order_days
            end,
            6
        ) as segment_score,

        {{ days_between('histories.last_ordered_on', 'histories.cutoff_date') }} > {{ var('lifecycle_lapsed_days') }}
            as is_lapsed
    from histories
    inner join dates on histories.cutoff_date = dates.cutoff_date
    left join scales on dates.learned_on = scales.learned_on

)

select * from final
