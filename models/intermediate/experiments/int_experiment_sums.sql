-- That day's change in the sums that every read-out is made of, by arm and metric: sums up to a day are running totals.
-- Where units are in two arms there are two ways to count them: left out, or in their first arm. Outcomes are capped as
-- known now, and, for planned looks, as known at the first of them.
with

steps as (

    select * from {{ ref('int_experiment_steps') }}

),

unit_values as (

    select * from {{ ref('int_experiment_values') }}

),

thresholds as (

    select * from {{ ref('int_experiment_thresholds') }}

),

switching as (

    select distinct experiment
    from {{ ref('int_experiment_exposures') }}
    where is_switcher

),

ways as (

    select
        experiment,
        'left_out' as switchers
    from {{ ref('int_experiments') }}

    union all

    select
        experiment,
        'in_first_arm' as switchers
    from switching

),

capped as (

    select
        steps.experiment,
        ways.switchers,
        unit_values.arm,
        steps.metric,
        unit_values.metric_kind,
        thresholds.known_at,
        steps.changed_on,
        case when steps.is_entry then 1e0 else 0e0 end as entry,
        case when unit_values.has_history then 1e0 else 0e0 end as history,
        {{ capped('steps.outcome_before', 'thresholds.outcome_threshold') }} as y_before,
        {{ capped('steps.outcome_after', 'thresholds.outcome_threshold') }} as y,
        {{ capped('steps.denominator_before', 'thresholds.denominator_threshold') }} as d_before,
        {{ capped('steps.denominator_after', 'thresholds.denominator_threshold') }} as d,
        {{ capped('unit_values.covariate', 'thresholds.covariate_threshold') }} as x,
        steps.outcome_after - steps.outcome_before as raw_change,
        case when steps.outcome_after > thresholds.outcome_threshold then 1e0 else 0e0 end
        - case when steps.outcome_before > thresholds.outcome_threshold then 1e0 else 0e0 end as capped_change
    from steps
    inner join unit_values
        on steps.experiment = unit_values.experiment
        and steps.unit_no = unit_values.unit_no
        and steps.metric = unit_values.metric
    inner join thresholds
        on steps.experiment = thresholds.experiment
        and steps.metric = thresholds.metric
    inner join ways
        on steps.experiment = ways.experiment
        and (ways.switchers = 'in_first_arm' or not unit_values.is_switcher)

),

final as (

    select
        experiment,
        switchers,
        arm,
        metric,
        metric_kind,
        known_at,

        cast(sum(entry) as bigint) as unit_count,
        cast(sum(entry * history) as bigint) as history_count,
        cast(sum(case when y <> 0 then 1 else 0 end - case when y_before <> 0 then 1 else 0 end) as bigint)
            as nonzero_count,
        cast(sum(capped_change) as bigint) as capped_count,
        sum(y - y_before) as outcome_sum,
        sum(y * y - y_before * y_before) as outcome_square_sum,
        sum(raw_change) as raw_outcome_sum,
        sum(entry * x) as covariate_sum,
        sum(entry * x * x) as covariate_square_sum,
        sum(x * (y - y_before)) as outcome_covariate_sum,
        sum(d - d_before) as denominator_sum,
        sum(d * d - d_before * d_before) as denominator_square_sum,
        sum(y * d - y_before * d_before) as outcome_denominator_sum,
        sum(x * (d - d_before)) as covariate_denominator_sum,

        changed_on as summed_on
    from capped
    group by experiment, switchers, arm, metric, metric_kind, known_at, changed_on

)

select * from final
