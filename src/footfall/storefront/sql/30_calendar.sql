-- Days, months, campaigns and experiments.
-- Visits run on a clock of their own that goes faster on busy days; calendar_slots leads back from it.

create temp table calendar as

with

day_numbers as (

    select unnest(range((getvariable('end_us') - getvariable('start_us')) // getvariable('day_us'))) as day_no

),

days as (

    select
        day_no,
        getvariable('start_us') + day_no * getvariable('day_us') as day_us,
        make_timestamp(getvariable('start_us') + day_no * getvariable('day_us')) as day_at
    from day_numbers

),

-- Weekends are busier, November and December busiest, the summer quiet
intensities as (

    select
        day_no,
        day_us,
        datediff('month', make_timestamp(getvariable('start_us')), day_at) as month_no,
        (
            1000000
            * case when isodow(day_at) >= 6 then 1.22 else 0.912 end
            * [0.95, 0.92, 0.97, 0.98, 1.0, 0.95, 0.86, 0.84, 0.98, 1.04, 1.3, 1.35][month(day_at)]
        )::bigint as intensity
    from days

),

final as (

    select
        day_no,
        day_us,
        month_no,
        intensity,
        (sum(intensity) over (order by day_no))::bigint as clock_end,
        (sum(intensity) over (order by day_no))::bigint - intensity as clock_start
    from intensities

)

select * from final;

-- A slot is a fiftieth of a mean day on the visits' clock
create temp table calendar_slots as

select
    unnest(range(
        (clock_start + 19999) // 20000,
        (clock_end + 19999) // 20000
    )) as slot,
    day_no,
    day_us,
    month_no
from calendar;

create temp table months as

select
    month_no,
    min(day_us) as month_us,
    -- The category that is wanted most in the month of the year
    [0, 0, 3, 6, 6, 6, 6, 2, 5, 4, 7, 7][month(make_timestamp(min(day_us)))] as season_category_no
from calendar
group by month_no;

create temp table campaigns as

with

planned (campaign_no, campaign, starts_at, log_odds) as (

    values
    (1, 'winter_sale', timestamp '2025-01-20', 0.30),
    (2, 'spring_fresh', timestamp '2025-03-24', 0.20),
    (3, 'garden_days', timestamp '2025-05-12', 0.20),
    (4, 'summer_sale', timestamp '2025-07-07', 0.30),
    (5, 'back_home', timestamp '2025-09-08', 0.15),
    (6, 'black_week', timestamp '2025-11-24', 0.50),
    (7, 'winter_sale', timestamp '2026-01-19', 0.30),
    (8, 'spring_fresh', timestamp '2026-03-23', 0.20),
    (9, 'garden_days', timestamp '2026-05-11', 0.20)

)

select
    campaign_no,
    campaign,
    epoch_us(starts_at) as starts_us,
    epoch_us(starts_at) + 7 * getvariable('day_us') as ends_us,
    log_odds::double as log_odds
from planned;

create temp table experiments as

with

-- Days for which the acts of a person count are those of seeds/experiments.csv
planned (experiment_no, experiment, starts_at, ends_at, log_odds, outcome_days) as (

    values
    (1, 'green_button', timestamp '2025-08-04', timestamp '2025-09-08', 0.0, 14),
    (2, 'one_page_checkout', timestamp '2026-02-02', timestamp '2026-05-04', 0.35, 28)

)

select
    experiment_no,
    experiment,
    epoch_us(starts_at) as starts_us,
    epoch_us(ends_at) as ends_us,
    log_odds::double as log_odds,
    outcome_days
from planned;
