-- What each unit adds to the sums of a day: all of its outcome on the day that its window closes. Without a window it
-- comes in with nothing on the day of its exposure, and changes with each day on which it does something.
with

unit_values as (

    select * from {{ ref('int_experiment_values') }}

),

metrics as (

    select * from {{ ref('int_experiment_metrics') }}

),

acts as (

    select * from {{ ref('int_experiment_acts') }}
    where not is_before

),

closed as (

    select
        experiment,
        unit_no,
        metric,
        closed_on as changed_on,
        true as is_entry,
        0e0 as outcome_before,
        outcome as outcome_after,
        0e0 as denominator_before,
        denominator as denominator_after
    from unit_values
    where has_window
        and is_closed

),

entries as (

    select
        unit_values.experiment,
        unit_values.unit_no,
        unit_values.metric,
        unit_values.metric_kind,
        metrics.measure,
        metrics.denominator_measure,
        unit_values.exposed_on
    from unit_values
    inner join metrics on unit_values.metric = metrics.metric
    where not unit_values.has_window

),

changes as (

    select
        experiment,
        unit_no,
        metric,
        metric_kind,
        exposed_on as changed_on,
        1 as entry_count,
        0e0 as outcome,
        0e0 as denominator
    from entries

    union all

    select
        entries.experiment,
        entries.unit_no,
        entries.metric,
        entries.metric_kind,
        acts.acted_on as changed_on,
        0 as entry_count,
        case when acts.measure = entries.measure then acts.amount else 0e0 end as outcome,
        case when acts.measure = entries.denominator_measure then acts.amount else 0e0 end as denominator
    from entries
    inner join acts
        on entries.experiment = acts.experiment
        and entries.unit_no = acts.unit_no
        and acts.measure in (entries.measure, entries.denominator_measure)

),

running as (

    select
        experiment,
        unit_no,
        metric,
        metric_kind,
        changed_on,
        sum(entry_count) as entry_count,
        sum(sum(outcome)) over so_far as outcome_total,
        sum(sum(denominator)) over so_far as denominator_total
    from changes
    group by experiment, unit_no, metric, metric_kind, changed_on
    window so_far as (partition by experiment, unit_no, metric order by changed_on rows unbounded preceding)

),

levels as (

    select
        *,
        case
            when metric_kind <> 'share' then outcome_total
            when outcome_total > 0 then 1e0
            else 0e0
        end as outcome
    from running

),

final as (

    select * from closed

    union all

    select
        experiment,
        unit_no,
        metric,
        changed_on,
        entry_count > 0 as is_entry,
        coalesce(lag(outcome) over unit_days, 0e0) as outcome_before,
        outcome as outcome_after,
        coalesce(lag(denominator_total) over unit_days, 0e0) as denominator_before,
        denominator_total as denominator_after
    from levels
    window unit_days as (partition by experiment, unit_no, metric order by changed_on)

)

select * from final
