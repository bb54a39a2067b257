{{ config(
    materialized='incremental',
    incremental_strategy='replace_sessions',
    on_schema_change='append_new_columns',
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- One row a session, for people: who, when, how far, how much.
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage is not null

),

{% if is_incremental() -%}
windows as (
    {{ touched_public_windows() }}
),
{%- endif %}

final as (

    select
        sessions.session_id,
        keys.identity_key as visitor_key,
        case when sessions.customer_no is not null then keys.identity_key end as customer_key,

        keys.source,
        sessions.entry_event_type,
        sessions.exit_event_type,
        sessions.exit_stage,
        stages.stage as furthest_stage,
        sessions.channel,
        {{ prefixed('sessions', visit_columns()) | join(', ') }},
        sessions.device,
        sessions.country,

        sessions.visit_number,
        sessions.event_count,
        sessions.view_count,
        sessions.order_line_count,
        sessions.friction_count,
        sessions.amount,
        sessions.duration_seconds,
        sessions.engaged_seconds,

        coalesce(sessions.has_reached_cart, false) as has_reached_cart,
        coalesce(sessions.has_reached_checkout, false) as has_reached_checkout,
        sessions.is_converted,
        sessions.visit_number > 1 as is_returning,
        sessions.is_bot,
        sessions.is_overlong,

        sessions.session_started_at as started_at,
        sessions.started_on,
        sessions.ended_at,
        sessions.loaded_at
    from sessions
    {% if is_incremental() %}{{ within_windows('sessions') }}{% endif %}
    inner join keys on sessions.visitor_no = keys.identity_no
    left join stages on sessions.furthest_stage_order = stages.stage_order

)

select * from final
