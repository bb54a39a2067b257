-- Running totals of the sums are exact: on the last day they are the sums over units, capped or not. Returns the arms
-- and metrics for which they are not.
with

outcomes as (

    select * from {{ ref('int_experiment_outcomes') }}
    where not is_switcher

),

experiments as (

    select * from {{ ref('int_experiments') }}

),

sums as (

    select * from {{ ref('int_experiment_sums') }}
    where switchers = 'left_out'
        and known_at = 'now'

),

expected as (

    select
        outcomes.experiment,
        outcomes.arm,
        outcomes.metric,
        count(*) as unit_count,
        sum(outcomes.raw_outcome) as raw_outcome_sum,
        sum(outcomes.outcome * outcomes.outcome) as outcome_square_sum,
        sum(outcomes.outcome * outcomes.covariate) as outcome_covariate_sum,
        coalesce(sum(outcomes.outcome * outcomes.denominator), 0) as outcome_denominator_sum
    from outcomes
    inner join experiments on outcomes.experiment = experiments.experiment
    where outcomes.is_closed or experiments.outcome_days is null
    group by outcomes.experiment, outcomes.arm, outcomes.metric

),

found as (

    select
        experiment,
        arm,
        metric,
        sum(unit_count) as unit_count,
        sum(raw_outcome_sum) as raw_outcome_sum,
        sum(outcome_square_sum) as outcome_square_sum,
        sum(outcome_covariate_sum) as outcome_covariate_sum,
        coalesce(sum(outcome_denominator_sum), 0) as outcome_denominator_sum
    from sums
    group by experiment, arm, metric

)

select
    expected.experiment,
    expected.arm,
    expected.metric
from expected
left join found
    on expected.experiment = found.experiment
    and expected.arm = found.arm
    and expected.metric = found.metric
where found.unit_count is null
    or found.unit_count <> expected.unit_count
    {% for column in [
        'raw_outcome_sum', 'outcome_square_sum', 'outcome_covariate_sum', 'outcome_denominator_sum'
    ] -%}
    or abs(found.{{ column }} - expected.{{ column }}) > 1e-9 * (1 + abs(expected.{{ column }}))
    {% endfor -%}
