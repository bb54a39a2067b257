{{ config(materialized='view') }}

-- What customers paid for and gave back, one row a line. Refunds are negative.
with

stitched as (

    select * from {{ ref('int_stitched_events') }}
    where event_type in ('purchase', 'refund')
        and customer_no is not null

),

final as (

    select
        event_id as order_line_id,
        source,
        customer_no,
        -- A shop that numbers no orders: what a customer buys within a day is one order.
        coalesce(order_id, customer_no || '|' || {{ utc_date('event_at') }}) as order_id,
        item_id,

        event_type,
        currency,

        quantity,
        unit_price,
        amount,
        case
            when event_type = 'purchase' then greatest(quantity * unit_price - amount, 0)
            else 0
        end as discount_amount,

        is_known_later,

        event_at as ordered_at,
        loaded_at
    from stitched

)

select * from final
