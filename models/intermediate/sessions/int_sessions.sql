{{ config(materialized='incremental', incremental_strategy='replace_touched') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- One row a session. Over-long sessions and bots are flagged, not lost: marts decide what to do with them.
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

{% if is_incremental() -%}
windows as (
    {{ touched_windows() }}
),
{%- endif %}

touched_events as (

    select session_events.*
    from session_events
    {% if is_incremental() %}{{ within_windows('session_events') }}{% endif %}

),

aggregated as (

    select
        visitor_no,
        session_started_at,

        max(case when event_no = 1 then event_type end) as entry_event_type,
        max(case when seconds_to_next is null then event_type end) as exit_event_type,
        max(case when seconds_to_next is null then stage end) as exit_stage,
        -- Where the visit came from is said by the first act that says it.
        {{ value_at_min('channel', place_of_source('event_no')) }} as channel,
        {{ value_at_min('traffic_source', place_of_source('event_no')) }} as traffic_source,
        {{ value_at_min('traffic_medium', place_of_source('event_no')) }} as traffic_medium,
        {{ value_at_min('campaign', place_of_source('event_no')) }} as campaign,
        {{ value_at_min('landing_page', 'case when landing_page is not null then event_no end') }} as landing_page,
        max(case when event_no = 1 then device end) as device,
        max(case when event_no = 1 then country end) as country,

        count(*) as event_count,
        count(case when event_type = 'view' then 1 end) as view_count,
        count(case when event_type = 'purchase' then 1 end) as order_line_count,
        count(case when is_friction then 1 end) as friction_count,
        max(stage_order) as furthest_stage_order,
        max(case when stage <> 'after_sales' then stage_order end) as furthest_funnel_order,
        coalesce(sum(case when event_type = 'purchase' then amount end), 0) as amount,
        -- How long the last act of a session lasts is unknown, unless pings follow: otherwise it adds nothing.
        coalesce(
            sum(coalesce(pinged_seconds, {{ at_most('seconds_to_next', var('engaged_max_pause_seconds')) }})), 0
        ) as engaged_seconds,

        {{ any_of("stage = 'acquire'") }} as has_reached_acquire,
        {{ any_of("stage = 'browse'") }} as has_reached_browse,
        {{ any_of("stage = 'cart'") }} as has_reached_cart,
        {{ any_of("stage = 'checkout'") }} as has_reached_checkout,
        {{ any_of("stage = 'purchase'") }} as has_reached_purchase,
        {{ any_of("stage = 'after_sales'") }} as has_reached_after_sales,
        {{ any_of('is_customer') }} as is_customer,
        {{ all_of('is_known_later') }} as is_known_later,

        max(started_on) as started_on,
        max(event_at) as last_act_at,
        max(coalesce(seen_until_at, event_at)) as ended_at,
        max(loaded_at) as loaded_at
    from touched_events
    group by visitor_no, session_started_at

),

{% if is_incremental() -%}
settled as (

    select
        standing.visitor_no,
        count(*) as session_count
    from {{ this }} as standing
    inner join windows
        on standing.visitor_no = windows.visitor_no
        and standing.session_started_at < windows.recompute_from
    group by standing.visitor_no

),
{%- endif %}

measured as (

    select
        aggregated.*,
        {{ seconds_between('aggregated.session_started_at', 'aggregated.ended_at') }} as duration_seconds,
        {{ seconds_between('aggregated.session_started_at', 'aggregated.last_act_at') }} as acting_seconds,
        row_number() over (partition by aggregated.visitor_no order by aggregated.session_started_at)
        {%- if is_incremental() %} + coalesce(settled.session_count, 0){% endif %} as visit_number
    from aggregated
    {%- if is_incremental() %}
    left join settled on aggregated.visitor_no = settled.visitor_no
    {%- endif %}

),

final as (

    select
        {{ session_id('visitor_no', 'session_started_at') }} as session_id,
        visitor_no,
        case when is_customer then visitor_no end as customer_no,

        entry_event_type,
        exit_event_type,
        exit_stage,
        channel,
        {{ visit_columns() | join(', ') }},
        device,
        country,

        visit_number,
        event_count,
        view_count,
        order_line_count,
        friction_count,
        furthest_stage_order,
        furthest_funnel_order,
        amount,
        engaged_seconds,
        duration_seconds,

        has_reached_acquire,
        has_reached_browse,
        has_reached_cart,
        has_reached_checkout,
        has_reached_purchase,
        has_reached_after_sales,
        order_line_count > 0 as is_converted,
        duration_seconds > {{ var('session_max_minutes') }} * 60 as is_overlong,
        {{ looks_like_a_bot('order_line_count', 'event_count', 'acting_seconds') }} as is_bot,
        is_known_later,

        session_started_at,
        started_on,
        ended_at,
        loaded_at
    from measured

)

select * from final
