-- The behavioural segment of each customer on each cut-off date. Customers stay in the segment of the date before as
-- long as their score is not clearly past its thresholds (hysteresis, after Schmitt's trigger of 1938), so that they do
-- not go back and forth from noise; once it is, they move to the segment of their score. Customers who have lapsed are
-- in the lowest segment whatever their score, and start again when they come back. The chain starts at the first date
-- after a customer's first order, however few dates are shown.
{%- set margin = '(1e0 + ' ~ double_var('segment_hysteresis') ~ ')' %}
with recursive

scores as (

    select * from {{ ref('int_segment_scores') }}

),

thresholds as (

    select * from {{ ref('int_segment_thresholds') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

placed as (

    select
        scores.customer_no,
        scores.cutoff_date,
        scores.learned_on,
        scores.snapshot_no,
        scores.segment_score,
        scores.is_lapsed,
        case when scores.is_lapsed then lowest.segment_no else thresholds.segment_no end as plain_segment_no
    from scores
    inner join thresholds
        on scores.learned_on = thresholds.learned_on
        and scores.segment_score >= thresholds.lower_score
        and (scores.segment_score < thresholds.upper_score or thresholds.upper_score is null)
    inner join thresholds as lowest
        on scores.learned_on = lowest.learned_on
        and lowest.lower_share = 0

),

followed as (

    select
        customer_no,
        cutoff_date,
        snapshot_no,
        is_lapsed,
        plain_segment_no,
        plain_segment_no as segment_no,
        cast(null as integer) as previous_segment_no
    from placed
    where snapshot_no = 1

    union all

    -- What held a customer is measured by the thresholds of the new date.
    select
        placed.customer_no,
        placed.cutoff_date,
        placed.snapshot_no,
        placed.is_lapsed,
        placed.plain_segment_no,
        case
            when placed.is_lapsed or followed.is_lapsed then placed.plain_segment_no
            when placed.segment_score * {{ margin }} >= held.lower_score
                and (placed.segment_score < held.upper_score * {{ margin }} or held.upper_score is null)
                then followed.segment_no
            else placed.plain_segment_no
        end as segment_no,
        followed.segment_no as previous_segment_no
    from followed
    inner join placed
        on followed.customer_no = placed.customer_no
        and followed.snapshot_no + 1 = placed.snapshot_no
    inner join thresholds as held
        on placed.learned_on = held.learned_on
        and followed.segment_no = held.segment_no

),

dated as (

    select
        *,
        max(case when previous_segment_no is null or segment_no <> previous_segment_no then cutoff_date end)
            over (partition by customer_no order by cutoff_date) as segment_since
    from followed

),

final as (

    select
        dated.customer_no,
        dated.cutoff_date,

        dated.segment_no,
        dated.previous_segment_no,
        dated.plain_segment_no,

        dated.segment_no <> dated.plain_segment_no as is_held,

        dated.segment_since
    from dated
    inner join cutoffs on dated.cutoff_date = cutoffs.cutoff_date

)

select * from final
