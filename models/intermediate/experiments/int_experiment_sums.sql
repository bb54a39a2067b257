-- That day's change in the sums that every read-out is made of, by arm and metric: sums up to a day are running totals.
-- Where units are in two arms there are two ways to count them: left out, or in their first arm. Outcomes are capped as
-- known now, and, for planned looks, as known at the first of them. A unit that is shown another arm after its window
-- is over counts until that day: a look that was taken before did not know of it.
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

moves as (

    select
        experiment,
        unit_no,
        metric,
        changed_on,
        case when is_entry then 1 else 0 end as unit_change,
        outcome_before,
        outcome_after,
        denominator_before,
        denominator_after
    from steps

    union all

    select
        experiment,
        unit_no,
        metric,
        switched_on as changed_on,
        -1 as unit_change,
        outcome as outcome_before,
        0e0 as outcome_after,
        denominator as denominator_before,
        0e0 as denominator_after
    from unit_values
    where is_closed
        and closed_on < switched_on

),

ways as (

    select
        experiment,
        'left_out' as switchers
    from {{ ref('int_experiments') }}

    union all

    select distinct
        experiment,
        'in_first_arm' as switchers
    from unit_values
    where is_switcher

),

capped as (

    select
        moves.experiment,
        ways.switchers,
        unit_values.arm,
        moves.metric,
        unit_values.metric_kind,
        thresholds.known_at,
        moves.changed_on,
        moves.unit_change,
        case when unit_values.has_history then 1e0 else 0e0 end as history,
        {{ capped('moves.outcome_before', 'thresholds.outcome_threshold') }} as y_before,
        {{ capped('moves.outcome_after', 'thresholds.outcome_threshold') }} as y,
        {{ capped('moves.denominator_before', 'thresholds.denominator_threshold') }} as d_before,
        {{ capped('moves.denominator_after', 'thresholds.denominator_threshold') }} as d,
        {{ capped('unit_values.covariate', 'thresholds.covariate_threshold') }} as x,
        moves.outcome_after - moves.outcome_before as raw_change,
        case when moves.outcome_after > thresholds.outcome_threshold then 1e0 else 0e0 end
        - case when moves.outcome_before > thresholds.outcome_threshold then 1e0 else 0e0 end as capped_change,
        abs(sign(moves.outcome_after)) - abs(sign(moves.outcome_before)) as nonzero_change
    from moves
    inner join unit_values
        on moves.experiment = unit_values.experiment
        and moves.unit_no = unit_values.unit_no
        and moves.metric = unit_values.metric
    inner join thresholds
        on moves.experiment = thresholds.experiment
        and moves.metric = thresholds.metric
    inner join ways
        on moves.experiment = ways.experiment
        and case
            when ways.switchers = 'in_first_arm' then moves.unit_change >= 0
            when unit_values.is_switcher then unit_values.closed_on < unit_values.switched_on
            else true
        end

),

final as (

    select
        experiment,
        switchers,
        arm,
        metric,
        metric_kind,
        known_at,

        cast(sum(unit_change) as bigint) as unit_count,
        cast(sum(unit_change * history) as bigint) as history_count,
        cast(sum(nonzero_change) as bigint) as nonzero_count,
        cast(sum(capped_change) as bigint) as capped_count,
        sum(y - y_before) as outcome_sum,
        sum(y * y - y_before * y_before) as outcome_square_sum,
        sum(raw_change) as raw_outcome_sum,
        sum(unit_change * x) as covariate_sum,
        sum(unit_change * x * x) as covariate_square_sum,
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
