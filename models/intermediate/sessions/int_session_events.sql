{{ config(materialized='incremental', incremental_strategy='replace_touched') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- The customer's own acts in the order they happened, cut into sessions. What the shop does to the customer
-- (campaigns, exposures, refunds) opens no session, nor does an order of nobody. A ping prolongs the session of the act
-- before it, and is no row.
with

stitched as {{ read_each_time() }} (

    select * from {{ ref('int_stitched_events') }}

),

event_types as (

    select * from {{ ref('event_types') }}
    where is_session_event
        and stage is not null

),

{% if is_incremental() -%}
windows as (
    {{ touched_windows() }}
),
{%- endif %}

acts as (

    select
        stitched.visitor_no,
        stitched.customer_no is not null as is_customer,
        stitched.event_id,
        stitched.event_at, stitched.shop_day,
        stitched.sequence_no, stitched.act_rank,
        stitched.event_type,
        {{ own_event_name('stitched.properties', 'stitched.event_type') }} as event_name,
        event_types.stage_order,
        stitched.amount,
        stitched.channel,
        {{ prefixed('stitched', visit_columns()) | join(', ') }},
        stitched.device,
        stitched.country,
        stitched.is_named,
        stitched.is_known_later,
        stitched.loaded_at
    from stitched
    inner join event_types on stitched.event_type = event_types.event_type
    {% if is_incremental() -%}
    inner join windows
        on stitched.visitor_no = windows.visitor_no
        and stitched.event_at >= windows.recompute_from
    {%- endif %}
    where stitched.visitor_no is not null

),

{{ pings_after_acts() }},

-- The order is total, so that any order of arrival gives the same sessions.
neighbours as (

    select
        visitor_no,
        is_customer,
        event_at, shop_day,
        event_type, event_name,
        stage_order,
        amount,
        channel, {{ visit_columns() | join(', ') }}, device, country,
        is_named,
        is_known_later,
        loaded_at,
        row_number() over visitor_history as act_no,
        lag(event_at) over visitor_history as previous_at,
        lead(event_at) over visitor_history as next_at,
        lead(event_name) over visitor_history as next_event_name,
        {% if var('session_cut_at_campaign_change') -%}
        lag(channel) over visitor_history as previous_channel,
        lead(channel) over visitor_history as next_channel,
        {%- endif %}
        lag(stage_order) over visitor_history as previous_stage_order
    from acts
    window visitor_history as (partition by visitor_no order by {{ order_of_acts() }})

),

{{ cut_between('neighbours') }},

numbered as (

    select
        *,
        {{ last_known('case when is_session_start then event_at end') }} over so_far as session_started_at,
        {{ last_known('case when is_session_start then shop_day end') }} over so_far as started_on,
        {{ last_known('case when is_session_start then act_no end') }} over so_far as session_first_act_no,
        {{ last_known('case when is_session_start or stage_order <> previous_stage_order then act_no end') }}
            over so_far as visit_first_act_no
    from cut
    window so_far as (
        partition by visitor_no order by act_no rows between unbounded preceding and current row
    )

),

final as (

    select
        numbered.visitor_no,
        numbered.session_started_at, numbered.started_on,
        numbered.event_at,

        cast(numbered.act_no - numbered.session_first_act_no + 1 as integer) as event_no,
        cast(numbered.visit_first_act_no - numbered.session_first_act_no + 1 as integer) as visit_first_event_no,

        numbered.event_type,
        numbered.event_name,
        case when not numbered.is_session_end then numbered.next_event_name end as next_event_name,
        event_types.stage,
        numbered.channel,
        {{ prefixed('numbered', visit_columns()) | join(', ') }},
        numbered.device,
        numbered.country,

        numbered.stage_order,
        numbered.amount,
        -- Empty for the last act of a session: how long they stayed is unknown.
        case
            when not numbered.is_session_end then {{ seconds_between('numbered.event_at', 'numbered.next_at') }}
        end as seconds_to_next,
        numbered.pinged_seconds + case
            when not numbered.is_session_end then {{ engaged_pause('numbered.seen_until_at', 'numbered.next_at') }}
            else 0e0
        end as pinged_seconds,
        numbered.seen_until_at,

        event_types.is_friction,
        numbered.is_customer,
        numbered.is_named,
        numbered.is_known_later,

        numbered.loaded_at
    from numbered
    inner join event_types on numbered.event_type = event_types.event_type

)

select * from final
