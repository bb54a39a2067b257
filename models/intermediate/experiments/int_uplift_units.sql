-- The customers of each experiment whose windows are all over, with what was known of them before their first
-- exposure and what they did after it. Features are those of the last cut-off up to the day of that exposure, which
-- know the days before the cut-off alone. Who could not be named when they were shown an arm is left out: whether a
-- device turns out to be a customer's depends on what they then did, so having a history would give away the outcome.
{%- set features = customer_features() %}
with

experiments as (

    select * from {{ ref('int_experiments') }}
    where primary_metric is not null
        and last_closed_on < complete_until

),

unit_values as (

    select * from {{ ref('int_experiment_values') }}
    where is_closed
        and not is_switcher

),

exposures as (

    select * from {{ ref('int_experiment_exposures') }}

),

events as (

    select * from {{ ref('int_experiment_events') }}
    where is_known_before

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where not is_as_of

),

features as (

    select * from {{ ref('int_customer_features') }}

),

named as (

    select distinct
        exposures.experiment,
        exposures.unit_no
    from exposures
    inner join events
        on exposures.experiment = events.experiment
        and exposures.unit_no = events.customer_no
        and exposures.first_exposed_at = events.exposed_at

),

placed as (

    select
        unit_values.experiment,
        unit_values.unit_no,
        unit_values.arm,
        unit_values.metric,
        unit_values.metric_kind,
        unit_values.outcome,
        unit_values.exposed_on,
        max(cutoffs.cutoff_date) as cutoff_date
    from unit_values
    inner join experiments
        on unit_values.experiment = experiments.experiment
        and unit_values.metric = experiments.primary_metric
    inner join named
        on unit_values.experiment = named.experiment
        and unit_values.unit_no = named.unit_no
    inner join cutoffs on unit_values.exposed_on >= cutoffs.cutoff_date
    group by
        unit_values.experiment, unit_values.unit_no, unit_values.arm, unit_values.metric, unit_values.metric_kind,
        unit_values.outcome, unit_values.exposed_on

),

final as (

    select
        placed.experiment,
        placed.unit_no as customer_no,

        placed.arm,
        placed.metric,
        placed.metric_kind,

        placed.outcome,
        {{ prefixed('features', features) | join(',\n        ') }},

        placed.cutoff_date,
        placed.exposed_on
    from placed
    inner join features
        on placed.unit_no = features.customer_no
        and placed.cutoff_date = features.cutoff_date

)

select * from final
