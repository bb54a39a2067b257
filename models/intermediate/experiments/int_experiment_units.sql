-- Units with the visit of their first exposure: when it began, and where it came from. An exposure opens no session:
-- that of the unit may have begun before it, or begins with the act that follows. Where tools expose on a server
-- only there may be none.
with

exposures as (

    select * from {{ ref('int_experiment_exposures') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

visits as (

    select
        exposures.experiment,
        exposures.unit_no,
        min(sessions.session_started_at) as visit_started_at,
        {{ value_at_min('sessions.channel', 'sessions.session_started_at') }} as channel,
        {{ value_at_min('sessions.device', 'sessions.session_started_at') }} as device,
        {{ value_at_min('sessions.country', 'sessions.session_started_at') }} as country
    from exposures
    inner join sessions
        on exposures.unit_no = sessions.visitor_no
        and exposures.first_exposed_at <= sessions.ended_at
        and exposures.first_exposed_at
        >= {{ dbt.dateadd('minute', -var('session_gap_minutes'), 'sessions.session_started_at') }}
    group by exposures.experiment, exposures.unit_no

),

final as (

    select
        exposures.experiment,
        exposures.unit_no,

        coalesce(exposures.channel, visits.channel) as channel,
        coalesce(exposures.device, visits.device) as device,
        coalesce(exposures.country, visits.country) as country,

        {{ moment_of_microseconds(
            microseconds_of('exposures.first_exposed_at') ~ ' - ' ~ var('experiment_history_days') * 86400000000
        ) }} as history_starts_at,
        visits.visit_started_at,
        exposures.first_exposed_at,
        exposures.window_ends_at
    from exposures
    left join visits
        on exposures.experiment = visits.experiment
        and exposures.unit_no = visits.unit_no

)

select * from final
