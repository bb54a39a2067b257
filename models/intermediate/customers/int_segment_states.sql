-- The behavioural segment of each customer on each cut-off date. A customer stays in the segment of the date before
-- as long as her score is not clearly past its thresholds (hysteresis, after Schmitt's trigger of 1938), so that she
-- does not go back and forth from noise; once it is, she moves to where her score lies. Who has lapsed is in the
-- lowest segment whatever her score, and who comes back begins anew.
{%- set margin = '(1 + ' ~ var('segment_hysteresis') ~ ')' %}
with recursive

scores as (

    select * from {{ ref('int_segment_scores') }}

),

thresholds as (

    select * from {{ ref('int_segment_thresholds') }}

),

placed as (

    select
        scores.customer_no,
        scores.cutoff_date,
        scores.snapshot_no,
        scores.segment_score,
        scores.is_lapsed,
        case when scores.is_lapsed then lowest.segment_no else thresholds.segment_no end as plain_segment_no
    from scores
    inner join thresholds
        on scores.segment_score >= thresholds.lower_score
        and (scores.segment_score < thresholds.upper_score or thresholds.upper_score is null)
    inner join thresholds as lowest on lowest.lower_share = 0

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
    inner join thresholds as held on followed.segment_no = held.segment_no

),

final as (

    select
        customer_no,
        cutoff_date,

        segment_no,
        previous_segment_no,
        plain_segment_no,

        segment_no <> plain_segment_no as is_held,

        max(case when previous_segment_no is null or segment_no <> previous_segment_no then cutoff_date end)
            over (partition by customer_no order by cutoff_date) as segment_since
    from followed

)

select * from final
