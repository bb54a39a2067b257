-- Every experiment that was shown: as it was designed, or, where nobody has written that down, as its exposures let it
-- be inferred. What is inferred has no end and no shares, and so no verdict.
with

definitions as (

    select * from {{ ref('int_experiment_definitions') }}

),

events as (

    select * from {{ ref('int_experiment_events') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where is_as_of

),

shown as (

    select
        experiment,
        {{ shop_day_of('min(exposed_at)') }} as first_exposed_on
    from events
    group by experiment

),

designed as (

    select
        shown.experiment,

        coalesce(definitions.unit, 'visitor') as unit,
        definitions.primary_metric,
        definitions.direction,

        definitions.outcome_days,
        definitions.planned_units,

        definitions.experiment is null as is_inferred,

        coalesce(definitions.starts_on, shown.first_exposed_on) as starts_on,
        definitions.ends_on
    from shown
    left join definitions on shown.experiment = definitions.experiment

),

final as (

    select
        designed.experiment,

        designed.unit,
        designed.primary_metric,
        designed.direction,

        designed.outcome_days,
        designed.planned_units,

        designed.is_inferred,
        coalesce(designed.ends_on < cutoffs.complete_until, false) as is_over,

        designed.starts_on,
        designed.ends_on,
        cast({{ dbt.dateadd('day', 'coalesce(designed.outcome_days, 0)', 'designed.ends_on') }} as date)
            as last_closed_on,
        cutoffs.complete_until
    from designed
    cross join cutoffs

)

select * from final
