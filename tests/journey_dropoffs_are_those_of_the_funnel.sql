-- Those who stopped in the funnel have an outcome, and nobody else has: the drop-offs of the funnel (any order) and the
-- sessions of journey_dropoffs are the same, for each month, slice and stage. Returns both figures.
with

funnel as (

    select
        period_month,
        slice_name,
        slice_value,
        stage,
        drop_off_count
    from {{ ref('journey_funnel') }}
    where funnel_kind = 'any_order'
        and drop_off_count > 0

),

dropoffs as (

    select
        period_month,
        slice_name,
        slice_value,
        stage,
        sum(session_count) as session_count
    from {{ ref('journey_dropoffs') }}
    group by period_month, slice_name, slice_value, stage

)

select
    coalesce(funnel.period_month, dropoffs.period_month) as period_month,
    coalesce(funnel.slice_name, dropoffs.slice_name) as slice_name,
    coalesce(funnel.slice_value, dropoffs.slice_value) as slice_value,
    coalesce(funnel.stage, dropoffs.stage) as stage,
    funnel.drop_off_count,
    dropoffs.session_count
from funnel
full outer join dropoffs
    on funnel.period_month = dropoffs.period_month
    and funnel.slice_name = dropoffs.slice_name
    and funnel.slice_value = dropoffs.slice_value
    and funnel.stage = dropoffs.stage
where funnel.drop_off_count is distinct from dropoffs.session_count
