{{ config(materialized='view') }}

-- The days on which a planned experiment is looked at, with the part of its time that is over by then: from the day on
-- which the first windows can close to the last one. A number of looks is spread evenly. Without windows none.
with

experiments as (

    select * from {{ ref('int_experiments') }}
    where outcome_days is not null
        and ends_on is not null

),

definitions as (

    select * from {{ ref('int_experiment_definitions') }}

),

entries as (

    select
        experiments.experiment,
        experiments.complete_until,
        experiments.last_closed_on,
        cast({{ dbt.dateadd('day', 'experiments.outcome_days', 'experiments.starts_on') }} as date) as first_closed_on,
        definitions.looks,
        try_cast(definitions.looks as integer) as look_count,
        {{ each_entry('definitions.looks') }} as entry_no
    from experiments
    inner join definitions on experiments.experiment = definitions.experiment
    where definitions.looks is not null

),

spread as (

    select
        *,
        cast(null as date) as chosen_on,
        {{ each_number('look_count') }} as look_no
    from entries
    where look_count is not null

),

chosen as (

    select
        *,
        try_cast({{ entry_of('looks', 'entry_no') }} as date) as chosen_on,
        entry_no as look_no
    from entries
    where look_count is null

),

timed as (

    select
        experiment,
        look_no,
        complete_until,
        first_closed_on,
        last_closed_on,
        cast({{ dbt.dateadd(
            'day',
            'cast(ceil(look_no * ' ~ days_between('first_closed_on', 'last_closed_on')
            ~ ' / cast(look_count as double)) as integer)',
            'first_closed_on'
        ) }} as date) as look_on
    from spread

    union all

    select
        experiment,
        look_no,
        complete_until,
        first_closed_on,
        last_closed_on,
        chosen_on as look_on
    from chosen

),

placed as (

    select
        *,
        {{ days_between('first_closed_on', 'look_on') }}
        / cast({{ days_between('first_closed_on', 'last_closed_on') }} as double) as time_share
    from timed

),

final as (

    select
        experiment,

        look_no,
        -- The last look spends what is left, wherever it lies.
        case
            when look_no = max(look_no) over (partition by experiment) then 1e0
            else {{ at_most(at_least('time_share', '0e0'), '1e0') }}
        end as time_share,

        look_on < complete_until as is_taken,

        look_on
    from placed

)

select * from final
