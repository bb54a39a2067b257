-- Every suggestion names rows of a mart. If they are not there, mart and suggestion were built from different data.
with

suggestions as (

    select * from {{ ref('journey_suggestions') }}

),

pain_points as (

    select * from {{ ref('journey_pain_points') }}
    where is_named

),

funnel_steps as (

    select distinct
        stage,
        slice_name,
        slice_value
    from {{ ref('journey_funnel') }}

)

select
    suggestions.suggestion_id,
    suggestions.mart_name,
    suggestions.friction,
    suggestions.stage,
    suggestions.slice_name,
    suggestions.slice_value
from suggestions
left join pain_points
    on suggestions.mart_name = 'journey_pain_points'
    and suggestions.friction = pain_points.friction
    and suggestions.stage = pain_points.stage
    and suggestions.slice_name = pain_points.slice_name
    and suggestions.slice_value = pain_points.slice_value
left join funnel_steps
    on suggestions.mart_name = 'journey_funnel'
    and suggestions.stage = funnel_steps.stage
    and suggestions.slice_name = funnel_steps.slice_name
    and suggestions.slice_value = funnel_steps.slice_value
where
    pain_points.friction is null
    and funnel_steps.stage is null
