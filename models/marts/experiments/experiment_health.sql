{{ config(materialized='table') }}

-- Whether each experiment can be trusted, a row a check. One that failed leaves the experiment without a winner.
with

checks as (

    select * from {{ ref('scored_experiments') }}
    where kind = 'check'

),

experiments as (

    select * from {{ ref('int_experiments') }}

),

words as (

    select * from {{ words() }}

),

final as (

    select
        checks.experiment,
        checks.check_name,

        checks.verdict,
        {{ experiment_reason('checks') }} as reason,
        checks.reason_key,
        checks.reason_values,

        checks.p as p_value,
        checks.statistic,

        checks.verdict = 'failed' as is_failed,
        experiments.is_inferred,

        experiments.starts_on,
        experiments.ends_on
    from checks
    inner join experiments on checks.experiment = experiments.experiment
    left join words on checks.reason_key = words.message_key

)

select * from final
