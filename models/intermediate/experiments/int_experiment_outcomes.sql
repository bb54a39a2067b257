{{ config(materialized='view') }}

-- The outcome of each unit for each metric, as it came and capped, with the threshold that it was capped at.
with

unit_values as (

    select * from {{ ref('int_experiment_values') }}

),

thresholds as (

    select * from {{ ref('int_experiment_thresholds') }}
    where known_at = 'now'

),

final as (

    select
        unit_values.experiment,
        unit_values.unit_no,

        unit_values.arm,
        unit_values.metric,
        unit_values.metric_kind,

        unit_values.outcome as raw_outcome,
        {{ capped('unit_values.outcome', 'thresholds.outcome_threshold') }} as outcome,
        thresholds.outcome_threshold,
        {{ capped('unit_values.denominator', 'thresholds.denominator_threshold') }} as denominator,
        {{ capped('unit_values.covariate', 'thresholds.covariate_threshold') }} as covariate,
        thresholds.covariate_threshold,

        coalesce(unit_values.outcome > thresholds.outcome_threshold, false) as is_capped,
        unit_values.is_switcher,
        unit_values.is_bot,
        unit_values.has_window,
        unit_values.has_history,
        unit_values.is_closed,

        unit_values.exposed_on,
        unit_values.closed_on
    from unit_values
    left join thresholds
        on unit_values.experiment = thresholds.experiment
        and unit_values.metric = thresholds.metric

)

select * from final
