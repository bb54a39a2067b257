{{ config(materialized='incremental', incremental_strategy='replace_touched_days') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- What a customer did on one day, as far as the shop knew by the end of that day who it was: what a device did
-- before the day they first logged in on it belongs to their journey, but a cut-off before that login could not know
-- it. A day nets refunds of its own orders and of no known order; what leaves nothing or less is not an order day.
with

stitched as {{ read_each_time() }} (

    select * from {{ ref('int_stitched_events') }}
    where customer_no is not null
        and is_known_later is not true
        and event_type not in {{ label_event_types() }}

),

event_types as (

    select * from {{ ref('event_types') }}
    where stage is not null or not is_session_event -- all but pings

),

lines as (

    select * from {{ ref('int_order_lines') }}
    where customer_no is not null
        and is_known_later is not true

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where customer_no is not null
        and is_known_later is not true

),

{% if is_incremental() -%}
touched as (
    {{ touched_days() }}
),
{%- endif %}

acts as (

    select
        stitched.customer_no,
        stitched.shop_day as active_on,
        count(*) as event_count,
        count(case when stitched.event_type = 'view' then 1 end) as view_count,
        count(case when stitched.event_type = 'search' then 1 end) as search_count,
        count(case when stitched.event_type = 'add_to_cart' then 1 end) as cart_count,
        count(case when event_types.is_friction then 1 end) as friction_count,
        count(case when stitched.event_type = 'campaign' then 1 end) as campaign_count,
        max(stitched.loaded_at) as loaded_at
    from stitched
    inner join event_types on stitched.event_type = event_types.event_type
    {% if is_incremental() -%}
    inner join touched
        on stitched.customer_no = touched.visitor_no
        and stitched.shop_day >= touched.touched_on
    {%- endif %}
    group by stitched.customer_no, stitched.shop_day

),

orders as (

    select
        lines.customer_no,
        lines.booked_on as active_on,
        count(distinct case when lines.event_type = 'purchase' then lines.order_key end) as order_count,
        count(case when lines.event_type = 'purchase' then 1 end) as order_line_count,
        sum(case when lines.event_type = 'purchase' then lines.amount end) as gross_amount,
        sum(case when lines.event_type = 'refund' then lines.amount end) as refund_amount,
        sum(lines.amount) as net_amount,
        -- Refunds of earlier days' orders are in int_refund_ledger, and take nothing from an order of this day.
        sum(case when lines.netted_on = lines.booked_on then lines.amount end) as day_amount,
        sum(case when lines.event_type = 'purchase' then lines.discount_amount end) as discount_amount
    from lines
    {% if is_incremental() -%}
    inner join touched
        on lines.customer_no = touched.visitor_no
        and lines.booked_on >= touched.touched_on
    {%- endif %}
    group by lines.customer_no, lines.booked_on

),

visits as (

    select
        sessions.customer_no,
        sessions.started_on as active_on,
        count(*) as session_count,
        sum(sessions.engaged_seconds) as engaged_seconds
    from sessions
    {% if is_incremental() -%}
    inner join touched
        on sessions.customer_no = touched.visitor_no
        and sessions.started_on >= touched.touched_on
    {%- endif %}
    group by sessions.customer_no, sessions.started_on

),

final as (

    select
        acts.customer_no,
        acts.active_on,

        acts.event_count,
        acts.view_count,
        acts.search_count,
        acts.cart_count,
        acts.friction_count,
        acts.campaign_count,
        coalesce(visits.session_count, 0) as session_count,
        coalesce(visits.engaged_seconds, 0) as engaged_seconds,

        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.order_line_count, 0) as order_line_count,
        coalesce(orders.gross_amount, 0) as gross_amount,
        coalesce(orders.refund_amount, 0) as refund_amount,
        coalesce(orders.net_amount, 0) as net_amount,
        coalesce(orders.discount_amount, 0) as discount_amount,
        greatest(coalesce(orders.day_amount, 0), 0) as spend_amount,

        -- A shop without amounts still has orders.
        coalesce(
            orders.day_amount > 0 or (orders.order_count > 0 and orders.day_amount is null), false
        ) as is_order_day,

        acts.loaded_at
    from acts
    left join orders
        on acts.customer_no = orders.customer_no
        and acts.active_on = orders.active_on
    left join visits
        on acts.customer_no = visits.customer_no
        and acts.active_on = visits.active_on

)

select * from final
