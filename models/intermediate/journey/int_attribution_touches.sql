{{ config(materialized='table') }}

-- The touches that led to a conversion, or to none: each visitor's sessions, every one in one path. Up to a conversion
-- those within the window before it are the path that converted. The others, and those after the last conversion, did
-- not convert: they are cut into paths as long as the window, from the first of them on. Bots are left out.
{%- set counts_campaigns = var('attribution_counts_campaigns') %}
{%- set in_order = order_of_acts(event_at='touched_at') if counts_campaigns else 'touched_at' %}
{%- set window_seconds = var('attribution_window_days') * 86400 %}
with

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

{% if counts_campaigns -%}
campaigns as (

    select * from {{ ref('int_stitched_events') }}
    where event_type = 'campaign'

),
{%- endif %}

touches as (

    select
        visitor_no,
        coalesce(channel, 'unknown') as channel,
        session_started_at as touched_at, started_on as touched_on,
        {%- if counts_campaigns %}
        cast(null as bigint) as sequence_no,
        1000 as act_rank, -- behind messages of its first moment
        session_id as event_id,
        {%- endif %}
        amount,
        is_converted
    from sessions
    {%- if counts_campaigns %}

    union all

    select
        visitor_no,
        coalesce(channel, 'unknown') as channel,
        event_at as touched_at, shop_day as touched_on,
        sequence_no,
        act_rank,
        event_id,
        0 as amount,
        false as is_converted
    from campaigns
    {%- endif %}

),

cut as (

    select
        *,
        -- Conversions before the touch: a converting session closes the run that it is in.
        count(case when is_converted then 1 end) over history
        - case when is_converted then 1 else 0 end as run_no
    from touches
    window history as (partition by visitor_no order by {{ in_order }} rows between unbounded preceding and current row)

),

placed as (

    select
        *,
        min(touched_at) over run as run_started_at,
        -- A run has one conversion at most, and ends with it.
        max(case when is_converted then touched_at end) over run as converted_at
    from cut
    window run as (partition by visitor_no, run_no)

),

tiled as (

    select
        *,
        case
            when {{ seconds_between('touched_at', 'converted_at') }} <= {{ window_seconds }} then null
            else floor({{ seconds_between('run_started_at', 'touched_at') }} / {{ window_seconds }}e0)
        end as tile_no
    from placed

),

pathed as (

    select
        *,
        dense_rank() over (partition by visitor_no order by run_no, tile_no nulls last) - 1 as path_no
    from tiled

),

closed as (

    select
        *,
        max(touched_at) over path as path_ended_at,
        max(touched_on) over path as path_ended_on,
        {{ any_of('is_converted') }} over path as is_converting,
        sum(amount) over path as path_amount
    from pathed
    window path as (partition by visitor_no, path_no)

),

numbered as (

    select
        *,
        row_number() over (partition by visitor_no, path_no order by {{ in_order }}) as touch_number,
        count(*) over (partition by visitor_no, path_no) as touch_count,
        row_number() over (partition by visitor_no, path_no, channel order by {{ in_order }}) = 1 as is_first_of_channel
    from closed

),

final as (

    select
        visitor_no,
        path_no,
        touch_number,
        {{ month_start('path_ended_on') }} as period_month,

        channel,

        touch_count,
        count(case when is_first_of_channel then 1 end) over (partition by visitor_no, path_no) as channel_count,
        {{ seconds_between('touched_at', 'path_ended_at') }} / 86400e0 as days_before_end,
        path_amount,

        is_first_of_channel,
        is_converting,
        touched_at
    from numbered

)

select * from final
