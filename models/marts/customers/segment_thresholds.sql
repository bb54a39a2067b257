-- The behavioural segments: where each begins on the as-of date, and what customers did who were in it earlier.
{%- set longest_horizon = var('horizons_days') | max %}
with

thresholds as (

    select * from {{ ref('int_segment_thresholds') }}

),

dates as (

    select * from {{ ref('int_snapshot_dates') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

states as (

    select * from {{ ref('int_segment_states') }}

),

entries as (

    select * from {{ ref('int_order_entries') }}

),

in_force as (

    select
        thresholds.segment_no,
        thresholds.segment,
        thresholds.lower_share,
        thresholds.lower_score,
        thresholds.upper_score,
        thresholds.learned_on
    from thresholds
    inner join dates on thresholds.learned_on = dates.learned_on
    inner join cutoffs
        on dates.cutoff_date = cutoffs.cutoff_date
        and cutoffs.is_as_of

),

-- What customers did next is known of dates whose longest horizon is over: the newest of them on which somebody had
-- bought. As long as there is none, customers are counted on the as-of date, and what they do next is open.
closed as (

    select max(cutoffs.cutoff_date) as judged_on
    from cutoffs
    where {{ dbt.dateadd('day', longest_horizon, 'cutoffs.cutoff_date') }} <= cutoffs.complete_until
        and cutoffs.cutoff_date in (select states.cutoff_date from states)

),

judged as (

    select
        coalesce(closed.judged_on, cutoffs.as_of_date) as judged_on,
        closed.judged_on is not null as is_closed
    from cutoffs
    cross join closed
    where cutoffs.is_as_of

),

what_they_did as (

    select
        entries.customer_no,
        sum(entries.order_day_count) as order_day_count,
        sum(entries.spend_amount) as spend_amount
    from entries
    inner join judged
        on entries.ordered_on >= judged.judged_on
        and entries.booked_on < {{ dbt.dateadd('day', longest_horizon, 'judged.judged_on') }}
    group by entries.customer_no
    having sum(entries.order_day_count) > 0

),

counted as (

    select
        states.segment_no,
        count(*) as customer_count,
        avg(case when what_they_did.customer_no is not null then 1e0 else 0e0 end) as purchase_share,
        avg(coalesce(what_they_did.order_day_count, 0)) as mean_order_days,
        avg(coalesce(what_they_did.spend_amount, 0)) as mean_amount
    from states
    inner join judged on states.cutoff_date = judged.judged_on
    left join what_they_did on states.customer_no = what_they_did.customer_no
    group by states.segment_no

),

final as (

    select
        in_force.segment_no,

        in_force.segment,

        in_force.lower_share,
        in_force.lower_score,
        in_force.upper_score,
        coalesce(counted.customer_count, 0) as customer_count,
        {{ longest_horizon }} as horizon_days,
        case when judged.is_closed then counted.purchase_share end as purchase_share,
        case when judged.is_closed then counted.mean_order_days end as mean_order_days,
        case when judged.is_closed then counted.mean_amount end as mean_amount,

        in_force.learned_on,
        judged.judged_on
    from in_force
    cross join judged
    left join counted on in_force.segment_no = counted.segment_no

)

select * from final
