-- Every suggestion names rows of a mart. If they are not there, the mart and the suggestion were built from different data.
select
    suggestions.suggestion_id,
    suggestions.mart_name,
    suggestions.friction,
    suggestions.stage,
    suggestions.slice_name,
    suggestions.slice_value
from {{ ref('journey_suggestions') }} as suggestions
left join {{ ref('journey_pain_points') }} as pain_points
    on suggestions.mart_name = 'journey_pain_points'
    and suggestions.friction = pain_points.friction
    and suggestions.stage = pain_points.stage
    and suggestions.slice_name = pain_points.slice_name
    and suggestions.slice_value = pain_points.slice_value
    and pain_points.is_named
left join (
    select distinct
        stage,
        slice_name,
        slice_value
    from {{ ref('journey_funnel') }}
) as funnel
    on suggestions.mart_name = 'journey_funnel'
    and suggestions.stage = funnel.stage
    and suggestions.slice_name = funnel.slice_name
    and suggestions.slice_value = funnel.slice_value
where pain_points.friction is null and funnel.stage is null
