-- The thresholds of the behavioural segments: quantiles of the segment score at one cut-off, kept for all others.
{%- set longest_horizon = var('horizons_days') | max %}
with

scores as (

    select * from {{ ref('int_segment_scores') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

bands as (

    select * from {{ ref('segment_bands') }}

),

{% if var('segment_learned_on') -%}
learned as (

    select
        cutoff_date,
        as_of_date
    from cutoffs
    where cutoff_date = date '{{ var('segment_learned_on') }}'

),
{%- else -%}
-- A cut-off can tell what its segments did next when its longest horizon is over. Of those the newest half year's
-- first day; where there is none, the oldest; where no horizon is over, the oldest cut-off of all.
candidates as (

    select
        cutoff_date,
        as_of_date,
        {{ dbt.dateadd('day', longest_horizon, 'cutoff_date') }} <= as_of_date as is_closed,
        extract(month from cutoff_date) in (1, 7) and extract(day from cutoff_date) = 1 as is_half_year
    from cutoffs
    where cutoff_date in (select scores.cutoff_date from scores)

),

placed as (

    select
        cutoff_date,
        as_of_date,
        row_number() over (
            order by
                is_closed desc,
                is_closed and is_half_year desc,
                case
                    when is_closed and is_half_year
                        then {{ days_between('cutoff_date', 'as_of_date') }}
                    else {{ days_between('as_of_date', 'cutoff_date') }}
                end
        ) as place
    from candidates

),

learned as (

    select
        cutoff_date,
        as_of_date
    from placed
    where place = 1

),
{%- endif %}

-- Who has lapsed is marginal whatever her score, so the others tell where the bands begin.
present as (

    select
        learned.cutoff_date,
        learned.as_of_date,
        scores.customer_no,
        scores.segment_score,
        scores.is_lapsed,
        bool_and(scores.is_lapsed) over () as is_everybody_lapsed
    from scores
    inner join learned on scores.cutoff_date = learned.cutoff_date

),

ordered as (

    select
        cutoff_date,
        as_of_date,
        segment_score,
        row_number() over (order by segment_score, customer_no) as score_no,
        count(*) over () as customer_count
    from present
    where not is_lapsed
        or is_everybody_lapsed

),

thresholds as (

    select
        bands.segment_no,
        bands.segment,
        bands.lower_share,
        ordered.cutoff_date as learned_on,
        ordered.as_of_date,
        case
            when bands.lower_share = 0 then 0
            else min(ordered.segment_score)
                filter (where ordered.score_no > bands.lower_share * ordered.customer_count)
        end as lower_score
    from bands
    cross join ordered
    group by bands.segment_no, bands.segment, bands.lower_share, ordered.cutoff_date, ordered.as_of_date

),

final as (

    select
        segment_no,

        segment,

        lower_share,
        lower_score,
        lead(lower_score) over (order by segment_no) as upper_score,

        learned_on,
        as_of_date
    from thresholds

)

select * from final
