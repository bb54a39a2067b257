-- Each slice cuts the same sessions: its values add up to the slice all, in the funnel and in what became of drop-offs.
-- Returns the slice with both figures.
with

told as (

    select
        'journey_funnel, ' || funnel_kind as mart,
        period_month,
        slice_name,
        stage,
        session_count
    from {{ ref('journey_funnel') }}

    union all

    select
        'journey_dropoffs, ' || outcome as mart,
        period_month,
        slice_name,
        stage,
        session_count
    from {{ ref('journey_dropoffs') }}

),

summed as (

    select
        mart,
        period_month,
        slice_name,
        stage,
        sum(session_count) as session_count
    from told
    group by mart, period_month, slice_name, stage

)

select
    summed.mart,
    summed.period_month,
    summed.slice_name,
    summed.stage,
    summed.session_count,
    whole.session_count as whole_session_count
from summed
left join summed as whole
    on summed.mart = whole.mart
    and summed.period_month = whole.period_month
    and summed.stage = whole.stage
    and whole.slice_name = 'all'
where summed.session_count is distinct from whole.session_count
