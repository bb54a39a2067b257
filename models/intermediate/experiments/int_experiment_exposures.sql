-- Units that were shown an arm between start and end, with the first one: customers, or visitors stitched as they are
-- known now. A unit in two arms belongs to neither; its first arm is kept, so that both ways of counting can be
-- compared. A moment is ordered as acts are, so any order of arrival gives the same arm.
{%- set window_end = moment_of_microseconds(
    microseconds_of('units.first_exposed_at') ~ ' + experiments.outcome_days * 86400000000'
) %}
with

experiments as (

    select * from {{ ref('int_experiments') }}

),

arms as (

    select * from {{ ref('int_experiment_arms') }}

),

events as (

    select * from {{ ref('int_experiment_events') }}

),

bots as (

    select distinct visitor_no
    from {{ ref('int_sessions') }}
    where is_bot

),

shown as (

    select
        events.*,
        case when experiments.unit = 'customer' then events.customer_no else events.visitor_no end as unit_no
    from events
    inner join experiments
        on events.experiment = experiments.experiment
        and {{ shop_day_of('events.exposed_at') }} >= experiments.starts_on
        and (experiments.ends_on is null or {{ shop_day_of('events.exposed_at') }} <= experiments.ends_on)
    inner join arms
        on events.experiment = arms.experiment
        and events.arm = arms.arm

),

units as (

    select
        experiment,
        unit_no,
        count(*) as exposure_count,
        count(distinct arm) as arm_count,
        min(exposed_at) as first_exposed_at
    from shown
    where unit_no is not null
    group by experiment, unit_no

),

-- The order of exposures matters only within the moment of the first one.
ordered as (

    select
        shown.experiment,
        shown.unit_no,
        shown.arm,
        shown.channel,
        shown.device,
        shown.country,
        row_number() over (
            partition by shown.experiment, shown.unit_no
            order by {{ order_of_acts('shown', event_at='exposed_at') }}
        ) as exposure_no
    from shown
    inner join units
        on shown.experiment = units.experiment
        and shown.unit_no = units.unit_no
        and shown.exposed_at = units.first_exposed_at

),

firsts as (

    select * from ordered
    where exposure_no = 1

),

switches as (

    select
        shown.experiment,
        shown.unit_no,
        min(shown.exposed_at) as switched_at
    from shown
    inner join firsts
        on shown.experiment = firsts.experiment
        and shown.unit_no = firsts.unit_no
        and shown.arm <> firsts.arm
    group by shown.experiment, shown.unit_no

),


final as (

    select
        units.experiment,
        units.unit_no,

        firsts.arm,
        firsts.channel,
        firsts.device,
        firsts.country,

        units.exposure_count,
        units.arm_count,

        units.arm_count > 1 as is_switcher,
        bots.visitor_no is not null as is_bot,
        experiments.outcome_days is not null as has_window,

        units.first_exposed_at,
        switches.switched_at,
        case
            when experiments.outcome_days is not null then {{ window_end }}
            else {{ shop_day_start(dbt.dateadd('day', 1, 'experiments.ends_on')) }}
        end as window_ends_at,
        case
            when experiments.outcome_days is not null then {{ shop_day_of(window_end) }}
            else experiments.ends_on
        end as closed_on
    from units
    inner join experiments on units.experiment = experiments.experiment
    inner join firsts
        on units.experiment = firsts.experiment
        and units.unit_no = firsts.unit_no
    left join switches
        on units.experiment = switches.experiment
        and units.unit_no = switches.unit_no
    left join bots on units.unit_no = bots.visitor_no

)

select * from final
