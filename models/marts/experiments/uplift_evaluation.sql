{{ config(materialized='table') }}

-- Whether it is known whom each arm helps: every way to choose customers, measured on customers that it had not seen.
with

evaluations as (

    select * from {{ ref('scored_uplift') }}
    where kind = 'evaluation'

),

words as (

    select * from {{ words() }}

),

final as (

    select
        evaluations.experiment,
        evaluations.arm,
        evaluations.learner,

        evaluations.control_arm,
        evaluations.metric,
        evaluations.verdict,
        {{ experiment_reason('evaluations') }} as reason,
        evaluations.reason_key,
        evaluations.reason_values,

        evaluations.control_units as control_unit_count,
        evaluations.units as unit_count,
        evaluations.left_out as left_out_count,
        evaluations.qini,
        evaluations.qini_lower,
        evaluations.qini_upper,
        evaluations.effect_top_30,
        evaluations.effect_all,

        evaluations.is_chosen,

        evaluations.run_id as model_run_id
    from evaluations
    left join words on evaluations.reason_key = words.message_key

)

select * from final
