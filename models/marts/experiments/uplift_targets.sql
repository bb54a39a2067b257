{{ config(materialized='table') }}

-- The customers of today in the order of what an experiment does for them. Experiments without evidence that their
-- effect differs between customers have no rows: `uplift_evaluation` says why. Nobody with a known fraud is a target
-- before people have looked.
with

targets as (

    select * from {{ ref('scored_uplift') }}
    where kind = 'target'

),

customers as (

    select * from {{ ref('int_customers') }}

),

known_frauds as (

    select * from {{ ref('int_known_frauds') }}

),

final as (

    select
        customers.customer_key,
        targets.experiment,

        targets.arm,
        targets.control_arm,
        targets.metric,
        targets.learner,

        targets.incremental_effect,
        row_number() over (partition by targets.experiment order by targets.target_rank) as target_rank,

        targets.is_helped,

        targets.cutoff_date as as_of_date,

        targets.run_id as model_run_id
    from targets
    inner join customers on targets.customer_no = customers.customer_no
    left join known_frauds on targets.customer_no = known_frauds.customer_no
    where known_frauds.customer_no is null

)

select * from final
