{#- CTEs on the acts that attempts to pay are made of. Each reads a CTE `acts`: payments, their errors and purchase lines. -#}

{#- CTE `orders`: the first line of each order of a CTE `acts`, with what the order came to. What is added to it on another
    day was not part of the attempt. -#}
{% macro orders_of(acts, window_seconds) -%}
lines as (

    select
        *,
        min(event_at) over (partition by order_key) as ordered_at,
        row_number() over (partition by order_key order by {{ order_of_acts() }}) as line_no
    from {{ acts }}
    where event_type = 'purchase'

),

-- Rounded: in which order doubles are added up is left to chance, and a row whose last digit differs is written again.
order_amounts as (

    select
        order_key,
        round(sum(amount), 6) as order_amount
    from lines
    where {{ seconds_between('ordered_at', 'event_at') }} <= {{ window_seconds }}
    group by order_key

),

orders as (

    select
        lines.*,
        order_amounts.order_amount
    from lines
    inner join order_amounts on lines.order_key = order_amounts.order_key
    where lines.line_no = 1

)
{%- endmacro %}


{#- CTE `followed`: each payment with what came of it, and each error that no payment led to, as some sources record. The
    next act of the visitor within a session's gap says so, unless it is another payment or of another order; else the
    order that the payment names. `orders` is a CTE of the first lines of orders. -#}
{% macro followed_payments(orders, window_seconds) -%}
neighbours as (

    select
        acts.*,
        lag(event_type) over visit as last_type,
        lag(order_id) over visit as last_order_id,
        lag(event_at) over visit as last_at,
        lead(event_id) over visit as next_event_id,
        lead(event_type) over visit as next_type,
        lead(order_id) over visit as next_order_id,
        lead(order_key) over visit as next_order_key,
        lead(event_at) over visit as next_at,
        lead(known_at) over visit as next_known_at
    from acts
    where visitor_no is not null
    window visit as (partition by visitor_no order by {{ order_of_acts() }})

),

payments as (

    select
        *,
        case
            when event_type = 'payment_error' then 'error'
            when {{ seconds_between('event_at', 'next_at') }} > {{ window_seconds }} then null
            when order_id <> next_order_id then null
            when next_type = 'payment_error' then 'error'
            when next_type = 'purchase' then 'order'
        end as next_outcome
    from neighbours
    where event_type = 'payment'
        or event_type = 'payment_error'
        and (
            coalesce(last_type <> 'payment', true)
            or {{ seconds_between('last_at', 'event_at') }} > {{ window_seconds }}
            or order_id <> last_order_id
        )

),

-- Of a payment that names its order and is not followed at once: money that arrives days later, or before the order does.
named_orders as (

    select
        payments.event_id,
        orders.order_key,
        orders.known_at,
        row_number() over (
            partition by orders.order_key
            order by abs({{ seconds_between('payments.event_at', 'orders.event_at') }}), payments.event_id
        ) as payment_no,
        row_number() over (
            partition by payments.event_id
            order by abs({{ seconds_between('payments.event_at', 'orders.event_at') }}), orders.order_key
        ) as order_no
    from payments
    inner join {{ orders }} as orders
        on payments.order_id = orders.order_id
        and payments.visitor_no = orders.visitor_no
    where payments.next_outcome is null

),

followed as (

    select
        payments.*,
        -- The error or order that came of it may be what a label names.
        case when payments.next_outcome is not null then payments.next_event_id end as followed_by,
        case when payments.next_outcome is null then payments.order_id
            else coalesce(payments.order_id, payments.next_order_id) end as order_number,
        coalesce(payments.next_outcome, case when named_orders.order_key is not null then 'order' end, 'open') as outcome,
        case
            when payments.next_outcome = 'order' then payments.next_order_key
            when payments.next_outcome is null then named_orders.order_key
        end as led_to,
        case
            when payments.event_type = 'payment_error' then payments.known_at
            when payments.next_outcome is not null then payments.next_known_at
            when named_orders.order_key is not null then {{ at_least('payments.known_at', 'named_orders.known_at') }}
        end as outcome_known_at
    from payments
    left join named_orders
        on payments.event_id = named_orders.event_id
        and named_orders.payment_no = 1
        and named_orders.order_no = 1

)
{%- endmacro %}


{#- What an attempt takes over of its event as it is. -#}
{% macro attempt_event_columns() %}
    {% do return(payment_columns() | reject('equalto', 'labelled_event_id') | list + ['country', 'channel']) %}
{% endmacro %}


{#- The columns of int_payment_attempts. -#}
{% macro payment_attempt_columns() %}
    {% do return([
        'attempt_id', 'customer_no', 'visitor_no', 'device_no', 'order_id', 'attempted_at', 'known_at', 'shop_day',
        'amount', 'outcome', 'outcome_known_at'
    ] + attempt_event_columns() + [
        'registered_at', 'is_fraud', 'labelled_at', 'label_source', 'fraud_known_at', 'fraud_cleared_at',
        'fraud_again_at', 'judged_digest', 'loaded_at', 'written_at'
    ]) %}
{% endmacro %}


{#- CTE `attempts`: payments and errors of a CTE with what came of them, and the orders of another that none of them led to;
    `owner_no` is whose act it is by what is known today. -#}
{% macro attempts_of(followed, orders) -%}
{%- set columns = attempt_event_columns() -%}
attempts as (

    select
        followed.event_id as attempt_id,
        followed.visitor_no as owner_no,
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
    from {{ followed }} as followed
    left join {{ orders }} as orders on followed.led_to = orders.order_key

    union all

    select
        orders.event_id as attempt_id,
        orders.visitor_no as owner_no,
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
    from {{ orders }} as orders
    left join {{ followed }} as followed on orders.order_key = followed.led_to
    where followed.event_id is null

)
{%- endmacro %}
