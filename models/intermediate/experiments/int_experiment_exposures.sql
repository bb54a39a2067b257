-- Units that were shown an arm between start and end, with the first one: customers, or visitors stitched as they are
-- known now. A unit in two arms belongs to neither; its first arm is kept, so that both ways of counting can be
-- compared.
-- A moment is ordered as acts are, so any order of arrival gives the same arm.
{%- set microseconds_a_day = 86400000000 %}
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
        min(arm) as least_arm,
        count(*) as exposure_count,
        count(distinct arm) as arm_count,
        min(exposed_at) as first_exposed_at
    from shown
    where unit_no is not null
    group by experiment, unit_no

),

-- Few units are in two arms: only of those does the order of exposures matter.
ordered as (

    select
        shown.experiment,
        shown.unit_no,
        shown.arm,
        row_number() over (
            partition by shown.experiment, shown.unit_no
            order by {{ order_of_acts('shown', event_at='exposed_at') }}
        ) as exposure_no
    from shown
    inner join units
        on shown.experiment = units.experiment
        and shown.unit_no = units.unit_no
    where units.arm_count > 1

),

final as (

    select
        units.experiment,
        units.unit_no,

        coalesce(ordered.arm, units.least_arm) as arm,

        units.exposure_count,
        units.arm_count,

        units.arm_count > 1 as is_switcher,
        bots.visitor_no is not null as is_bot,
        experiments.outcome_days is not null as has_window,

        units.first_exposed_at,
        case
            when experiments.outcome_days is not null
                then {{ moment_of_microseconds(
                    microseconds_of('units.first_exposed_at') ~ ' + experiments.outcome_days * ' ~ microseconds_a_day
                ) }}
            else {{ shop_day_start(dbt.dateadd('day', 1, 'experiments.ends_on')) }}
        end as window_ends_at,
        case
            when experiments.outcome_days is not null
                then {{ shop_day_of(moment_of_microseconds(
                    microseconds_of('units.first_exposed_at') ~ ' + experiments.outcome_days * ' ~ microseconds_a_day
                )) }}
            else experiments.ends_on
        end as closed_on
    from units
    inner join experiments on units.experiment = experiments.experiment
    left join ordered
        on units.experiment = ordered.experiment
        and units.unit_no = ordered.unit_no
        and ordered.exposure_no = 1
    left join bots on units.unit_no = bots.visitor_no

)

select * from final
