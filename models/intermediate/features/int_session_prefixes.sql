-- A session as the shop could know it after its first, third, fifth and tenth event, and what then became of it.
-- Features (`f_`) come from the events so far and from earlier sessions only; past visits count from the moment that
-- the visitor is identified.
with

-- By the shop's clock: its midnights cut days, and its days are what outcomes are waited for.
told as (

    select
        *,
        {{ shop_clock('session_started_at') }} as session_clock_at,
        {{ shop_clock('prefix_at') }} as prefix_clock_at,
        {{ shop_clock('now_at') }} as now_clock_at
    from {{ ref('int_prefix_acts') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

session_events as (

    select * from {{ ref('int_session_events') }}

),

-- What a later login revealed about a session was not known to the sessions that followed it. That a session was a
-- bot's was known once it was over: it does not count as a past visit.
past_visits as (

    select
        session_id,
        count(case when not is_bot then 1 end) over earlier as visit_count,
        coalesce(sum(case when is_converted then 1 else 0 end) over earlier, 0) as order_visit_count,
        max(case when not is_bot then ended_at end) over earlier as last_ended_at,
        max(case when is_converted then ended_at end) over earlier as last_ordered_at
    from sessions
    where is_known_later is not true
    window earlier as (
        partition by visitor_no order by session_started_at rows between unbounded preceding and 1 preceding
    )

),

purchases as (

    select
        visitor_no,
        session_started_at,
        event_at,
        {{ shop_clock('event_at') }} as clock_at,
        event_no
    from session_events
    where event_type = 'purchase'

),

outcomes as (

    select
        told.session_id,
        told.prefix_length,
        count(case when purchases.session_started_at = told.session_started_at then 1 end) as orders_in_session,
        count(*) as orders_next_7d
    from told
    inner join purchases
        on told.visitor_no = purchases.visitor_no
        and told.prefix_at <= purchases.event_at
        and {{ seconds_between('told.prefix_clock_at', 'purchases.clock_at') }} < 7 * 86400
        and (told.session_started_at <> purchases.session_started_at or told.prefix_length < purchases.event_no)
    group by told.session_id, told.prefix_length

),

final as (

    select
        told.session_id,
        told.visitor_no,
        cast(told.prefix_length as integer) as prefix_length,
        told.session_started_at,
        told.session_clock_at,
        told.prefix_at,
        told.prefix_clock_at,

        told.device,
        told.channel,
        told.entry_event_type,
        told.last_event_type,

        cast(told.view_count as double) as f_views,
        cast(told.search_count as double) as f_searches,
        cast(told.cart_count as double) as f_carts,
        cast(told.checkout_count as double) as f_checkouts,
        cast(told.friction_count as double) as f_frictions,
        cast(told.login_count as double) as f_logins,
        cast(told.furthest_stage as double) as f_furthest_stage,
        cast({{ seconds_between('told.session_started_at', 'told.prefix_at') }} as double) as f_elapsed_seconds,
        case when told.is_told_apart then cast(past_visits.visit_count as double) end as f_past_visits,
        case when told.is_told_apart then cast(past_visits.order_visit_count as double) end as f_past_order_visits,
        case
            when told.is_told_apart
                then {{ seconds_between('past_visits.last_ended_at', 'told.prefix_at') }} / 86400e0
        end as f_days_since_visit,
        case
            when told.is_told_apart
                then {{ seconds_between('past_visits.last_ordered_at', 'told.prefix_at') }} / 86400e0
        end as f_days_since_order,

        -- Empty as long as the session, or the week, may still bring a purchase.
        case
            when {{ dbt.dateadd('minute', var('session_gap_minutes'), 'told.ended_at') }} <= told.now_at
                then coalesce(outcomes.orders_in_session, 0) > 0
        end as buys_in_session,
        case
            when {{ dbt.dateadd('day', 7, 'told.prefix_clock_at') }} <= told.now_clock_at
                then coalesce(outcomes.orders_next_7d, 0) > 0
        end as buys_in_7_days,
        told.has_bought,
        {{ dbt.dateadd('minute', var('session_gap_minutes'), 'told.ended_at') }} > told.now_at as is_open,

        told.now_at,
        told.now_clock_at
    from told
    left join past_visits on told.session_id = past_visits.session_id
    left join outcomes
        on told.session_id = outcomes.session_id
        and told.prefix_length = outcomes.prefix_length

)

select * from final
