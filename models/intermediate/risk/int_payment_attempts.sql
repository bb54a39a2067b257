{{ config(materialized='incremental', incremental_strategy='move_attempts', tags=['risk']) }}
-- depends_on: {{ ref('int_touched_visitors') }}, {{ ref('int_withdrawn_events') }}, {{ ref('int_identity_links') }}
-- depends_on: {{ ref('int_order_decisions') }}

-- Attempts to pay, one row each: a payment with the error or order that came of it, and what no payment led to. Who it
-- was is what the shop knew at that moment. Its label comes later, with the time that it was known.
-- Incremental: the attempts of visitors are made anew of whom anything moved, and only rows that came out otherwise are
-- written.
{%- set window_seconds = var('session_gap_minutes') * 60 %}
{%- set columns = attempt_event_columns() %}
with

stitched as {{ read_each_time() }} (

    select
        *,
        {{ at_least('event_at', 'received_at') }} as known_at
    from {{ ref('int_stitched_events') }}

),

order_lines as {{ read_each_time() }} (

    select * from {{ ref('int_order_lines') }}

),

{{ registers('stitched') }},

{{ risk_labels() }},

{% if is_incremental() -%}
{{ visitors_again('stitched') }},
{%- endif %}

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
    from stitched {{- in_scope('stitched') }}
    left join order_lines
        on stitched.event_id = order_lines.order_line_id
        and stitched.source = order_lines.source
    where stitched.event_type in {{ attempted_event_types() }}

),

{{ orders_of('acts', window_seconds) }},

{{ followed_payments('orders', window_seconds) }},

{{ attempts_of('followed', 'orders') }},

{{ known_customers('attempts') }},

{{ registrations('known_customers') }},

{{ fraud_labels('known_customers') }},

{{ judged_digests('known_customers') }},

made as (

    select
        attempts.attempt_id,
        attempts.owner_no,
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
        fraud_labels.fraud_again_at,

        {{ judged_digest('digests') }} as judged_digest,
        {{ newest('batch_at', ref('int_touched_visitors')) }} as loaded_at,
        {{ later_than_all([('written_at', this)] if is_incremental() else []) }} as written_at
    from known_customers as attempts
    left join registrations on attempts.attempt_id = registrations.attempt_id
    left join fraud_labels on attempts.attempt_id = fraud_labels.attempt_id
    left join known_customers_digests as digests on attempts.attempt_id = digests.attempt_id

),

{{ moved_rows('made', payment_attempt_columns()) }}

select * from final
