{{ config(enabled=source_is_enabled('segment')) }}

-- What lines of orders are worth. A cancellation, and a refund that names no amount, gives back what is still paid of
-- the order: its value, less what was given back before.
with

lines as (

    select * from {{ ref('base_segment__lines') }}

),

valued as (

    select
        *,
        unit_price * coalesce(quantity, 1e0) as line_value,
        coalesce(
            discount, case when products_value > order_value then products_value - order_value end, 0e0
        ) as taken_off,
        lower(trim(source_event_name)) in ('order cancelled', 'cancelled order') as is_cancellation
    from lines

),

-- The discount of an order is spread over its lines by their price. The value of a whole order replaces it where its
-- products, or their prices, are not listed.
stated as (

    select
        *,
        case
            when event_type not in {{ order_event_types() }} then null
            when products_value > 0 and line_value is not null
                then line_value * {{ at_least('1e0 - taken_off / products_value', '0e0') }}
            when coalesce(products_value, 0e0) = 0e0
                then order_value * case when count_products > 1 then coalesce(quantity, 1e0) / pieces else 1e0 end
            else line_value
        end as stated_amount,
        row_number() over (
            partition by coalesce(message_id, row_json), line_no order by received_at, row_json
        ) as copy_no
    from valued

),

given_back_whole as (

    select distinct order_id
    from stated
    where event_type = 'refund'
        and (is_cancellation or stated_amount is null)

),

order_messages as (

    select
        stated.order_id,
        stated.event_type,
        stated.is_cancellation,
        stated.sent_at,
        stated.message_id,
        sum(stated.stated_amount) as amount,
        max(stated.received_at) as received_at
    from stated
    inner join given_back_whole on stated.order_id = given_back_whole.order_id
    where stated.event_type in {{ order_event_types() }}
        and stated.line_problem is null
        and stated.copy_no = 1
    group by stated.order_id, stated.event_type, stated.is_cancellation, stated.sent_at, stated.message_id

),

-- An order that is sent again is one order; its last update stands.
orders as (

    select
        *,
        row_number() over (
            partition by order_id
            order by
                case when event_type = 'order_update' then sent_at end desc nulls last,
                sent_at asc,
                message_id asc
        ) as message_no
    from order_messages
    where event_type <> 'refund'

),

refunds as (

    select
        *,
        sum(case when not is_cancellation then amount end) over (
            partition by order_id order by sent_at, message_id rows between unbounded preceding and 1 preceding
        ) as given_back_before
    from order_messages
    where event_type = 'refund'

),

rests as (

    select
        refunds.order_id,
        refunds.sent_at,
        refunds.message_id,
        refunds.amount as message_amount,
        {{ at_least('orders.amount - coalesce(refunds.given_back_before, 0e0)', '0e0') }} as rest_amount,
        orders.received_at as order_received_at
    from refunds
    inner join orders on refunds.order_id = orders.order_id
    where orders.message_no = 1
        and (refunds.is_cancellation or refunds.amount is null)

),

final as (

    select
        stated.*,
        case
            when rests.order_id is null then stated.stated_amount
            when rests.message_amount > 0
                then stated.stated_amount * {{ at_most('rests.rest_amount / rests.message_amount', '1e0') }}
            when stated.line_no = 1 then rests.rest_amount
        end as amount,
        -- What a refund is worth that names no amount is known from the moment on that its order is.
        case when rests.message_amount is null then rests.order_received_at end as known_at
    from stated
    left join rests
        on stated.order_id = rests.order_id
        and stated.sent_at = rests.sent_at
        and stated.message_id = rests.message_id
        and stated.event_type = 'refund'

)

select * from final
