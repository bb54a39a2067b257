-- Outcome and covariate of each unit for each metric, before extremes are capped. Units that did nothing have zeros;
-- those that bought nothing count all days of their window in days_to_order, which makes it a restricted mean.
with

exposures as (

    select * from {{ ref('int_experiment_exposures') }}

),

experiments as (

    select * from {{ ref('int_experiments') }}

),

metrics as (

    select * from {{ ref('int_experiment_metrics') }}

),

acts as (

    select * from {{ ref('int_experiment_acts') }}

),

visits as (

    select * from {{ ref('int_experiment_units') }}

),

totals as (

    select
        experiment,
        unit_no,
        measure,
        coalesce(sum(case when not is_before then amount end), 0e0) as amount_after,
        coalesce(sum(case when is_before then amount end), 0e0) as amount_before,
        min(case when not is_before then first_acted_at end) as first_acted_at
    from acts
    group by experiment, unit_no, measure

),

-- Who was there before the visit of the first exposure. How that visit began says nothing of the past.
known as (

    select distinct
        acts.experiment,
        acts.unit_no
    from acts
    inner join visits
        on acts.experiment = visits.experiment
        and acts.unit_no = visits.unit_no
    where acts.is_before
        and (visits.visit_started_at is null or acts.first_acted_at < visits.visit_started_at)

),

units as (

    select
        exposures.*,
        experiments.outcome_days,
        known.unit_no is not null as has_history,
        coalesce(exposures.closed_on < experiments.complete_until, false) as is_closed
    from exposures
    inner join experiments on exposures.experiment = experiments.experiment
    left join known
        on exposures.experiment = known.experiment
        and exposures.unit_no = known.unit_no

),

measured as (

    select
        units.*,
        metrics.metric,
        metrics.metric_kind,
        coalesce(numerators.amount_after, 0e0) as amount_after,
        coalesce(numerators.amount_before, 0e0) as amount_before,
        coalesce(denominators.amount_after, 0e0) as denominator,
        {{ seconds_between('units.first_exposed_at', 'numerators.first_acted_at') }} / 86400e0 as days_until
    from units
    cross join metrics
    left join totals as numerators
        on units.experiment = numerators.experiment
        and units.unit_no = numerators.unit_no
        and metrics.measure = numerators.measure
    left join totals as denominators
        on units.experiment = denominators.experiment
        and units.unit_no = denominators.unit_no
        and metrics.denominator_measure = denominators.measure
    -- Without a window there is nothing that days until an order could be restricted to.
    where metrics.metric_kind <> 'days' or units.has_window

),

final as (

    select
        experiment,
        unit_no,

        arm,
        metric,
        metric_kind,

        case metric_kind
            when 'share' then case when amount_after > 0 then 1e0 else 0e0 end
            when 'days' then cast(coalesce({{ at_most('days_until', 'outcome_days') }}, outcome_days) as double)
            else amount_after
        end as outcome,
        case when metric_kind = 'ratio' then denominator end as denominator,
        case
            when metric_kind <> 'share' then amount_before
            when amount_before > 0 then 1e0
            else 0e0
        end as covariate,

        is_switcher,
        is_bot,
        has_window,
        has_history,
        is_closed,

        {{ shop_day_of('first_exposed_at') }} as exposed_on,
        {{ shop_day_of('switched_at') }} as switched_on,
        closed_on
    from measured

)

select * from final
