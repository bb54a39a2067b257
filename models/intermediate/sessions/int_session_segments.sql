{{ config(materialized='incremental', incremental_strategy='replace_touched') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- Who visited: the segment of each session's visitor as it was before the session, from the order days until then. It
-- is derived from what happened before and from nothing else, so that later orders leave it as it is.
with

{% if is_incremental() -%}
windows as (
    {{ touched_windows() }}
),
{%- endif %}

-- Earlier sessions of touched visitors are looked back on, too.
sessions as (

    select
        visitor_no,
        session_started_at,
        started_on,
        is_converted,
        loaded_at
    from {{ ref('int_sessions') }}
    {% if is_incremental() -%}
    where visitor_no in (select windows.visitor_no from windows)
    {%- endif %}

),

followed as (

    select
        *,
        max(case when is_converted then started_on end) over before_it as last_ordered_on
    from sessions
    window before_it as (
        partition by visitor_no order by session_started_at rows between unbounded preceding and 1 preceding
    )

),

-- A second order on the same day opens no order day.
order_days as (

    select
        *,
        is_converted and (last_ordered_on is null or last_ordered_on < started_on) as is_order_day,
        case
            when is_converted and last_ordered_on < started_on then {{ days_between('last_ordered_on', 'started_on') }}
        end as gap_days
    from followed

),

looked_back as (

    select
        visitor_no,
        session_started_at,
        started_on,
        count(case when is_order_day then 1 end) over before_it as order_day_count,
        {{ days_between('last_ordered_on', 'started_on') }} as recency_days,
        {{ last_known('gap_days') }} over before_it as last_gap_days,
        loaded_at
    from order_days
    window before_it as (
        partition by visitor_no order by session_started_at rows between unbounded preceding and 1 preceding
    )

),

final as (

    select
        looked_back.visitor_no,
        looked_back.session_started_at,
        looked_back.started_on,

        case
            when looked_back.order_day_count = 0 then 'prospect'
            {{ state_of_orders(
                'looked_back.order_day_count', 'looked_back.recency_days', 'looked_back.last_gap_days'
            ) | indent(12) }}
        end as segment,

        looked_back.loaded_at
    from looked_back
    {% if is_incremental() %}{{ within_windows('looked_back') }}{% endif %}

)

select * from final
