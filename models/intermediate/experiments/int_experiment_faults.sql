-- Exposures that do not fit the design of their experiment, counted: after its last day, before its first, of an arm
-- that it does not have or that they do not name, and of nobody who could be a unit.
with

events as (

    select * from {{ ref('int_experiment_events') }}

),

experiments as (

    select * from {{ ref('int_experiments') }}

),

arms as (

    select * from {{ ref('int_experiment_arms') }}

),

final as (

    select
        events.experiment,

        count(*) as exposure_count,
        count(case when {{ shop_day_of('events.exposed_at') }} > experiments.ends_on then 1 end) as late_count,
        count(case when {{ shop_day_of('events.exposed_at') }} < experiments.starts_on then 1 end) as early_count,
        count(case when arms.arm is null then 1 end) as unknown_arm_count,
        count(
            case
                when experiments.unit = 'customer' and events.customer_no is null then 1
                when events.visitor_no is null then 1
            end
        ) as without_unit_count
    from events
    inner join experiments on events.experiment = experiments.experiment
    left join arms
        on events.experiment = arms.experiment
        and events.arm = arms.arm
    group by events.experiment

)

select * from final
