{{ config(enabled=source_is_enabled('segment')) }}

-- What lines of orders are worth. A cancellation, and a refund that names no amount, gives back what is still paid of
-- the order: its value, less what was given back before. Products are given back at the price that was paid for them.
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
        end as listed_amount,
        row_number() over (
            partition by coalesce(message_id, row_json), line_no order by received_at, row_json
        ) as copy_no
    from valued

),

{{ segment_refunds('stated') }},

final as (

    select
        amounts.*,
        case
            when rests.order_id is null then amounts.stated_amount
            when rests.message_amount > 0
                then amounts.stated_amount * {{ at_most('rests.rest_amount / rests.message_amount', '1e0') }}
            when amounts.line_no = 1 then rests.rest_amount
        end as amount,
        -- What a refund is worth that names no amount is known from the moment on that its order is.
        case when rests.message_amount is null then rests.order_received_at end as known_at
    from amounts
    left join rests
        on amounts.order_id = rests.order_id
        and amounts.sent_at = rests.sent_at
        and amounts.message_id = rests.message_id
        and amounts.event_type = 'refund'

)

select * from final
