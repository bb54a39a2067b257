-- The arms of each experiment with their designed shares: those of its definition, or those that were shown.
with

experiments as (

    select * from {{ ref('int_experiments') }}

),

definitions as (

    select * from {{ ref('int_experiment_definitions') }}

),

events as (

    select * from {{ ref('int_experiment_events') }}

),

numbered as (

    select
        definitions.experiment,
        definitions.arms,
        definitions.designed_shares,
        definitions.control,
        {{ each_entry('definitions.arms') }} as arm_no
    from definitions
    inner join experiments on definitions.experiment = experiments.experiment

),

designed as (

    select
        experiment,
        {{ entry_of('arms', 'arm_no') }} as arm,
        cast({{ entry_of('designed_shares', 'arm_no') }} as double) as designed_share,
        control
    from numbered

),

seen as (

    select distinct
        events.experiment,
        events.arm
    from events
    inner join experiments on events.experiment = experiments.experiment
    where experiments.is_inferred
        and events.arm is not null

),

-- Of several arms that are called as controls are, the first in this list is it.
named as (

    select
        experiment,
        arm,
        case lower(arm)
            when 'control' then 1
            when 'baseline' then 2
            when 'original' then 3
            when 'a' then 4
            when 'off' then 5
        end as control_rank
    from seen

),

inferred as (

    select
        experiment,
        arm,
        control_rank is not null and row_number() over (
            partition by experiment
            order by control_rank nulls last, arm
        ) = 1 as is_control
    from named

),

final as (

    select
        experiment,
        arm,
        designed_share,
        arm = control as is_control
    from designed

    union all

    select
        experiment,
        arm,
        cast(null as double) as designed_share,
        is_control
    from inferred

)

select * from final
