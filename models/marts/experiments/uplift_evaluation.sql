{{ config(materialized='table') }}

-- Whether it is known whom each arm helps: every way to choose customers, measured on customers that it had not seen.
with

evaluations as (

    select * from {{ ref('scored_uplift') }}
    where kind = 'evaluation'

),

final as (

    select
        experiment,
        arm,
        learner,

        control_arm,
        metric,
        verdict,
        reason,

        control_units as control_unit_count,
        units as unit_count,
        left_out as left_out_count,
        qini,
        qini_lower,
        qini_upper,
        effect_top_30,
        effect_all,

        is_chosen,

        run_id as model_run_id
    from evaluations

)

select * from final
