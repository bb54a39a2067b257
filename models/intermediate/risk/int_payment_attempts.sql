{{ config(tags=['risk']) }}

-- Attempts to pay, one row each: a payment with the error or order that came of it, and what no payment led to. Who it
-- was is what the shop knew at that moment. Its label comes later, with the time that it was known.
{%- set window_seconds = var('session_gap_minutes') * 60 %}
{%- set columns = payment_columns() | reject('equalto', 'labelled_event_id') | list + ['country', 'channel'] %}
with

stitched as {{ read_each_time() }} (

    select
        *,
        {{ at_least('event_at', 'received_at') }} as known_at
    from {{ ref('int_stitched_events') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}

),

acts as {{ read_once() }} (

    select
        stitched.event_id,
        stitched.visitor_no,
        case when stitched.is_named then stitched.customer_no end as named_customer_no,
        stitched.anonymous_no as device_no,
        stitched.event_type,
        stitched.order_id,
        order_lines.order_key,
        coalesce(order_lines.amount, stitched.amount) as amount,
        {{ prefixed('stitched', columns) | join(', ') }},
        stitched.event_at,
        stitched.shop_day,
        stitched.known_at,
        stitched.sequence_no,
        stitched.act_rank
    from stitched
    left join order_lines
        on stitched.event_id = order_lines.order_line_id
        and stitched.source = order_lines.source
    where stitched.event_type in ('payment', 'payment_error', 'purchase')

),

{{ orders_of('acts', window_seconds) }},

{{ followed_payments('orders', window_seconds) }},

attempts as (

    select
        followed.event_id as attempt_id,
        followed.named_customer_no,
        followed.device_no,
        followed.order_number,
        followed.followed_by,
        followed.led_to,
        followed.event_at as attempted_at,
        followed.shop_day,
        followed.known_at,
        coalesce(followed.amount, orders.order_amount) as amount,
        followed.outcome,
        followed.outcome_known_at,
        {{ prefixed('followed', columns) | join(', ') }}
    from followed
    left join orders on followed.led_to = orders.order_key

    union all

    select
        orders.event_id as attempt_id,
        orders.named_customer_no,
        orders.device_no,
        orders.order_id as order_number,
        cast(null as {{ dbt.type_string() }}) as followed_by,
        orders.order_key as led_to,
        orders.event_at as attempted_at,
        orders.shop_day,
        orders.known_at,
        orders.order_amount as amount,
        'order' as outcome,
        orders.known_at as outcome_known_at,
        {{ prefixed('orders', columns) | join(', ') }}
    from orders
    left join followed on orders.order_key = followed.led_to
    where followed.event_id is null

),

{{ known_customers('attempts') }},

{{ registrations('known_customers', 'stitched') }},

{{ fraud_labels('known_customers') }},

final as (

    select
        attempts.attempt_id,
        attempts.customer_no,
        coalesce(attempts.customer_no, attempts.device_no) as visitor_no,
        attempts.device_no,
        coalesce(attempts.led_to, attempts.order_number) as order_id,

        attempts.attempted_at,
        attempts.known_at,
        attempts.shop_day,

        attempts.amount,
        attempts.outcome,
        attempts.outcome_known_at,
        {{ prefixed('attempts', columns) | join(', ') }},
        registrations.registered_at,

        fraud_labels.is_fraud,
        fraud_labels.labelled_at,
        fraud_labels.label_source,
        fraud_labels.fraud_known_at,
        fraud_labels.fraud_cleared_at,
        fraud_labels.fraud_again_at
    from known_customers as attempts
    left join registrations on attempts.attempt_id = registrations.attempt_id
    left join fraud_labels on attempts.attempt_id = fraud_labels.attempt_id

)

select * from final
