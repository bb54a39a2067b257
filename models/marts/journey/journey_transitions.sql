-- What follows on what: how often a customer went from one state to the next, between stages and between events, within
-- a session and from one session to the next. `(start)` and `(end)` are around each way. Bots are left out.
with

within_sessions as (

    select * from {{ ref('int_transitions_within_sessions') }}

),

between_sessions as (

    select * from {{ ref('int_transitions_between_sessions') }}

),

counted as (

    select * from within_sessions
    union all
    select * from between_sessions

),

final as (

    select
        period_month,
        path_scope,
        level,
        from_state,
        to_state,

        transition_count,
        session_count,
        visitor_count,
        cast(transition_count as double) / sum(transition_count) over origin as probability,
        cast(transition_count as double) / sum(transition_count) over whole as share_of_all,
        median_dwell_seconds,
        p90_dwell_seconds,

        loaded_at
    from counted
    window
        origin as (partition by path_scope, period_month, level, from_state),
        whole as (partition by path_scope, period_month, level)

)

select * from final
