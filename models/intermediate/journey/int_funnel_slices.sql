{{ config(materialized='view') }}

-- Who got how far, once for every slice of the session that it belongs to.
with

progress as (

    select * from {{ ref('int_funnel_progress') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

session_segments as (

    select * from {{ ref('int_session_segments') }}

),

reached as (

    select
        progress.*,
        sessions.channel,
        sessions.device,
        sessions.country,
        sessions.visit_number,
        session_segments.segment
    from progress
    inner join sessions
        on progress.visitor_no = sessions.visitor_no
        and progress.session_started_at = sessions.session_started_at
    inner join session_segments
        on progress.visitor_no = session_segments.visitor_no
        and progress.session_started_at = session_segments.session_started_at

),

in_slices as (
    {{ in_every_slice('reached') }}
),

final as (

    select
        funnel_kind,
        period_month,
        slice_name,
        slice_value,
        visitor_no,
        stage_order,

        dwell_seconds,
        seconds_to_reach,

        loaded_at
    from in_slices

)

select * from final
