{{ config(materialized='table') }}

-- Each arm compared with the control on each metric, by each method and with and without what was known before. Figures
-- that are not defined are null, and the reason says why.
with

readouts as (

    select * from {{ ref('scored_experiments') }}
    where kind = 'readout'

),

experiments as (

    select * from {{ ref('int_experiments') }}

),

thresholds as (

    select * from {{ ref('int_experiment_thresholds') }}

),

words as (

    select * from {{ words() }}

),

final as (

    select
        readouts.experiment,
        readouts.metric,
        readouts.arm,
        readouts.method,
        readouts.adjustment,
        readouts.switchers,

        experiments.unit,
        readouts.control_arm,
        readouts.role as metric_role,
        readouts.correction,
        readouts.verdict,
        {{ experiment_reason('readouts') }} as reason,
        readouts.reason_key,
        readouts.reason_values,

        readouts.control_units as control_unit_count,
        readouts.units as unit_count,
        readouts.capped_count,
        readouts.control_mean,
        readouts.mean,
        readouts.difference,
        readouts.standard_error,
        readouts.lower as difference_lower,
        readouts.upper as difference_upper,
        readouts.lift,
        readouts.lift_lower,
        readouts.lift_upper,
        readouts.p as p_value,
        readouts.p_adjusted as adjusted_p_value,
        readouts.chance_to_beat_control,
        readouts.chance_to_be_best,
        readouts.expected_loss,
        readouts.detectable_effect,
        readouts.variance_kept,
        readouts.theta,
        readouts.history_share,
        readouts.raw_difference,
        thresholds.outcome_threshold,
        readouts.margin as guardrail_margin,

        coalesce(readouts.is_decided, false) as is_decided,
        coalesce(readouts.is_provisional, false) as is_provisional,
        readouts.is_guardrail_held,
        experiments.is_inferred,

        readouts.read_on
    from readouts
    inner join experiments on readouts.experiment = experiments.experiment
    left join words on readouts.reason_key = words.message_key
    left join thresholds
        on readouts.experiment = thresholds.experiment
        and readouts.metric = thresholds.metric
        and thresholds.known_at = case when readouts.method = 'planned_looks' then 'first_look' else 'now' end

)

select * from final
