{{ config(materialized='incremental', incremental_strategy='replace_touched') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- The customer's own acts in the order they happened, cut into sessions. What the shop does to the customer
-- (campaigns, exposures, refunds) is no act of hers and opens no session.
with

stitched as not materialized (

    select * from {{ ref('int_stitched_events') }}

),

event_types as (

    select * from {{ ref('event_types') }}
    where is_session_event

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
        stitched.source,
        stitched.event_at,
        stitched.event_type,
        event_types.stage,
        event_types.stage_order,
        event_types.is_friction,
        stitched.amount,
        stitched.channel,
        stitched.device,
        stitched.country,
        stitched.loaded_at
    from stitched
    inner join event_types on stitched.event_type = event_types.event_type
    {% if is_incremental() -%}
    inner join windows
        on stitched.visitor_no = windows.visitor_no
        and stitched.event_at >= windows.recompute_from
    {%- endif %}

),

-- `event_id` settles the order within one moment, so that any order of arrival gives the same sessions.
neighbours as (

    select
        *,
        row_number() over visitor_history as act_no,
        lag(event_at) over visitor_history as previous_at,
        lag(stage) over visitor_history as previous_stage,
        lag(channel) over visitor_history as previous_channel,
        lead(event_at) over visitor_history as next_at
    from acts
    window visitor_history as (partition by visitor_no order by event_at, event_id)

),

cut as (

    select
        *,
        previous_at is null
        or event_at - previous_at > interval {{ var('session_gap_minutes') }} minute
        {%- if var('session_cut_at_midnight') %}
        or cast(event_at as date) <> cast(previous_at as date)
        {%- endif %}
        {%- if var('session_cut_at_campaign_change') %}
        or channel is distinct from previous_channel
        {%- endif %} as is_session_start
    from neighbours

),

numbered as (

    select
        *,
        max(case when is_session_start then event_at end) over visitor_history as session_started_at,
        max(case when is_session_start then act_no end) over visitor_history as session_first_act_no,
        max(case when is_session_start or stage <> previous_stage then act_no end)
            over visitor_history as visit_first_act_no,
        lead(is_session_start) over visitor_history as is_next_session_start
    from cut
    window visitor_history as (
        partition by visitor_no order by event_at, event_id rows between unbounded preceding and current row
    )

),

final as (

    select
        visitor_no,
        source,
        session_started_at,
        event_at,

        cast(act_no - session_first_act_no + 1 as integer) as event_no,
        cast(visit_first_act_no - session_first_act_no + 1 as integer) as visit_first_event_no,

        event_type,
        stage,
        channel,
        device,
        country,

        stage_order,
        amount,
        -- Empty for the last act of a session: nobody knows how long she stayed.
        case when not is_next_session_start then epoch(next_at - event_at) end as seconds_to_next,

        is_friction,
        is_customer,

        loaded_at
    from numbered

)

select * from final
