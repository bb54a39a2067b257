{#- CTEs that say what became of sessions that ended before an order: `judged`, the last of them, has the columns of
    `dropped` with the outcome, the days to the next session, and what was paid within the window. A CTE `data_end` says
    how far the data reach. -#}
{% macro outcomes_of_drop_offs(dropped, sessions, window_seconds) -%}
conversions as (

    select
        visitor_no,
        session_started_at as bought_at,
        lag(session_started_at) over (partition by visitor_no order by session_started_at) as bought_before_at,
        cast(amount as decimal(18, 4)) as amount
    from {{ sessions }}
    where is_converted

),

-- An order may follow on several drop-offs: all look ahead to it, the last of them recovers it. What is bought after
-- that follows on an order, and recovers nothing.
bought as (

    select
        dropped.visitor_no,
        dropped.session_started_at,
        sum(conversions.amount) as later_amount,
        sum(
            case
                when coalesce(dropped.next_dropped_at > conversions.bought_at, true)
                    and coalesce(conversions.bought_before_at < dropped.session_started_at, true)
                    then conversions.amount
            end
        ) as recovered_amount
    from {{ dropped }} as dropped
    inner join conversions
        on dropped.visitor_no = conversions.visitor_no
        and dropped.session_started_at < conversions.bought_at
        and {{ seconds_between('dropped.ended_at', 'conversions.bought_at') }} <= {{ window_seconds }}
    group by dropped.visitor_no, dropped.session_started_at

),

judged as (

    select
        dropped.*,
        bought.later_amount,
        bought.recovered_amount,
        case
            when {{ seconds_between('dropped.ended_at', 'dropped.next_started_at') }} <= {{ window_seconds }}
                then {{ seconds_between('dropped.ended_at', 'dropped.next_started_at') }} / 86400e0
        end as days_to_return,
        case
            when {{ seconds_between('dropped.ended_at', 'data_end.ends_at') }} < {{ window_seconds }} then 'open'
            when bought.visitor_no is not null then 'bought_later'
            when {{ seconds_between('dropped.ended_at', 'dropped.next_started_at') }} <= {{ window_seconds }}
                then 'came_back'
            else 'left'
        end as outcome
    from {{ dropped }} as dropped
    left join bought
        on dropped.visitor_no = bought.visitor_no
        and dropped.session_started_at = bought.session_started_at
    cross join data_end

)
{%- endmacro %}
