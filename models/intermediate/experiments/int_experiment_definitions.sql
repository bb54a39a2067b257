-- Experiments as they were designed, a row each: those of the seed, or of the relation that var `experiments_relation`
-- names. What they must agree on is judged before a build begins (src/footfall/builds/experiments.py).
with

definitions as (

    {% if var('experiments_relation') -%}
    {%- do source('experiments', 'definitions') %}
    select * from {{ experiments_relation() }}
    {%- else -%}
    select * from {{ ref('experiments') }}
    {%- endif %}

),

texts as (

    select
        {{ experiment_texts() | join(',\n        ') }}
    from definitions

),

final as (

    select
        experiment,

        unit,
        arms,
        designed_shares,
        control,
        looks,
        primary_metric,
        direction,
        guardrails,

        cast(outcome_days as integer) as outcome_days,
        cast(planned_units as integer) as planned_units,

        cast(starts_on as date) as starts_on,
        cast(ends_on as date) as ends_on
    from texts

)

select * from final
