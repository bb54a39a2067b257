{{ config(materialized='view') }}

-- What each metric is to each experiment: the primary one, which decides, a guardrail with its margin, or another.
with

experiments as (

    select * from {{ ref('int_experiments') }}

),

definitions as (

    select * from {{ ref('int_experiment_definitions') }}

),

metrics as (

    select * from {{ ref('int_experiment_metrics') }}

),

numbered as (

    select
        experiment,
        guardrails,
        {{ each_entry('guardrails') }} as entry_no
    from definitions

),

entries as (

    select
        experiment,
        {{ entry_of('guardrails', 'entry_no') }} as entry
    from numbered
    where guardrails is not null

),

guardrails as (

    select
        experiment,
        trim(split_part(entry, ':', 1)) as metric,
        cast(trim(split_part(entry, ':', 2)) as double) as margin
    from entries

),

final as (

    select
        experiments.experiment,

        metrics.metric,
        case
            when metrics.metric = experiments.primary_metric then 'primary'
            when guardrails.metric is not null then 'guardrail'
            else 'other'
        end as role,
        case
            when metrics.metric = experiments.primary_metric then coalesce(experiments.direction, metrics.direction)
            else metrics.direction
        end as direction,

        guardrails.margin
    from experiments
    cross join metrics
    left join guardrails
        on experiments.experiment = guardrails.experiment
        and metrics.metric = guardrails.metric

)

select * from final
