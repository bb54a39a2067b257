-- How many get how far, by month and slice: sessions in any order (open funnel) and in strict order, and visitors
-- across their sessions within a window. A later stage never holds more than an earlier one.
{%- set stages = funnel_stages() %}
with

sessions as (

    select * from {{ ref('int_funnel_sessions') }}

),

visitors as (

    select * from {{ ref('int_funnel_visitors') }}

),

stages as (

    {{ stage_orders(stages) }}

),

data_end as (

    select {{ shop_day_of('max(ended_at)') }} as ends_on from {{ ref('int_sessions') }}

),

-- Who got furthest to a stage has reached all before it.
counted as (

    select
        sessions.*,
        -- Across sessions each visitor opens one window a month.
        case
            when sessions.funnel_kind = 'within_window' then sessions.session_count
            else cast(sum(coalesce(visitors.visitor_count, 0)) over from_here_on as bigint)
        end as visitor_count
    from sessions
    left join visitors
        on sessions.funnel_kind = visitors.funnel_kind
        and sessions.period_month = visitors.period_month
        and sessions.slice_name = visitors.slice_name
        and sessions.slice_value = visitors.slice_value
        and sessions.stage_order = visitors.stage_order
    window from_here_on as (
        partition by sessions.funnel_kind, sessions.period_month, sessions.slice_name, sessions.slice_value
        order by sessions.stage_order desc
    )

),

compared as (

    select
        *,
        first_value(session_count) over funnel as first_count,
        lag(session_count) over funnel as previous_count,
        lead(session_count) over funnel as next_count,
        first_value(visitor_count) over funnel as first_visitor_count,
        lag(visitor_count) over funnel as previous_visitor_count
    from counted
    window funnel as (
        partition by funnel_kind, period_month, slice_name, slice_value
        order by stage_order
    )

),

final as (

    select
        compared.funnel_kind,
        compared.period_month,
        compared.slice_name,
        compared.slice_value,
        stages.stage,

        compared.stage_order,
        compared.session_count,
        compared.visitor_count,
        case
            when stages.stage = 'purchase' then 0
            else compared.session_count - coalesce(compared.next_count, 0)
        end as drop_off_count,
        cast(compared.session_count as double) / compared.first_count as conversion_from_first,
        cast(compared.session_count as double) / coalesce(compared.previous_count, compared.session_count)
            as conversion_from_previous,
        cast(compared.visitor_count as double) / compared.first_visitor_count as visitor_conversion_from_first,
        cast(compared.visitor_count as double) / coalesce(compared.previous_visitor_count, compared.visitor_count)
            as visitor_conversion_from_previous,
        compared.median_dwell_seconds,
        compared.p90_dwell_seconds,
        compared.median_seconds_to_reach,

        -- A window that is still open may bring more of its visitors to a later stage.
        {{ dbt.dateadd('month', 1, 'compared.period_month') }}
        <= case
            when compared.funnel_kind = 'within_window'
                then {{ dbt.dateadd('day', -var('funnel_window_days'), 'data_end.ends_on') }}
            else data_end.ends_on
        end as is_complete,

        compared.loaded_at
    from compared
    inner join stages on compared.stage_order = stages.stage_order
    cross join data_end

)

select * from final
