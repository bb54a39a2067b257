-- Var `segment_learned_on` must name a snapshot date before which somebody had bought; otherwise nobody has a segment.
-- Returns the dates to choose from: name one of them, or add the day to var `more_cutoff_dates`.
with

scores as (

    select * from {{ ref('int_segment_scores') }}

),

thresholds as (

    select distinct learned_on from {{ ref('int_segment_thresholds') }}

),

without_thresholds as (

    select count(*) as score_count
    from scores
    left join thresholds on scores.learned_on = thresholds.learned_on
    where thresholds.learned_on is null

)

select distinct scores.cutoff_date
from scores
cross join without_thresholds
where without_thresholds.score_count > 0
