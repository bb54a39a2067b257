-- Units by arm and day of the first exposure, and how many of them are in two arms, look like bots, or ordered within
-- the experiment before they were exposed: what the checks of an experiment compare between arms.
with

exposures as (

    select * from {{ ref('int_experiment_exposures') }}

),

experiments as (

    select * from {{ ref('int_experiments') }}

),

acts as (

    select * from {{ ref('int_experiment_acts') }}
    where is_before
        and measure = 'orders'

),

early_orders as (

    select distinct
        acts.experiment,
        acts.unit_no
    from acts
    inner join experiments
        on acts.experiment = experiments.experiment
        and acts.acted_on >= experiments.starts_on

),

final as (

    select
        exposures.experiment,

        exposures.arm,

        count(*) as unit_count,
        count(case when exposures.is_switcher then 1 end) as switcher_count,
        count(case when exposures.is_bot then 1 end) as bot_count,
        count(early_orders.unit_no) as early_order_count,

        {{ shop_day_of('exposures.first_exposed_at') }} as exposed_on
    from exposures
    left join early_orders
        on exposures.experiment = early_orders.experiment
        and exposures.unit_no = early_orders.unit_no
    group by exposures.experiment, exposures.arm, {{ shop_day_of('exposures.first_exposed_at') }}

)

select * from final
