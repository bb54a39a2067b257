-- The thresholds of the behavioural segments: quantiles of the segment score on the day that they are learned on, once
-- for each half year.
with

scores as (

    select * from {{ ref('int_segment_scores') }}

),

dates as (

    select distinct learned_on from {{ ref('int_snapshot_dates') }}

),

bands as (

    select * from {{ ref('segment_bands') }}

),

-- Who has lapsed is marginal whatever the score, so the others decide where the bands begin.
present as (

    select
        scores.customer_no,
        scores.cutoff_date as learned_on,
        scores.segment_score,
        scores.is_lapsed,
        count(case when not scores.is_lapsed then 1 end) over (partition by scores.cutoff_date) as present_count
    from scores
    inner join dates on scores.cutoff_date = dates.learned_on

),

ordered as (

    select
        learned_on,
        segment_score,
        row_number() over (partition by learned_on order by segment_score, customer_no) as score_no,
        count(*) over (partition by learned_on) as customer_count
    from present
    where not is_lapsed
        or present_count = 0

),

thresholds as (

    select
        ordered.learned_on,
        bands.segment_no,
        bands.segment,
        bands.lower_share,
        min(
            case
                when bands.lower_share = 0 then 0e0
                when ordered.score_no > bands.lower_share * ordered.customer_count then ordered.segment_score
            end
        ) as lower_score
    from bands
    cross join ordered
    group by ordered.learned_on, bands.segment_no, bands.segment, bands.lower_share

),

final as (

    select
        learned_on,
        segment_no,

        segment,

        lower_share,
        lower_score,
        lead(lower_score) over (partition by learned_on order by segment_no) as upper_score
    from thresholds

)

select * from final
