{{ config(materialized='view') }}

-- What the attention scorer reads: every act of a customer on an item. Lines given away free or without a quantity
-- are not a sign of taste and stay out.
with

stitched as (

    select * from {{ ref('int_stitched_events') }}
    where customer_no is not null
        and is_known_later is not true
        and item_id is not null
        and event_type in ('view', 'wishlist', 'add_to_cart', 'purchase')
        and coalesce(quantity, 1) > 0
        and coalesce(unit_price, 1) > 0

),

split_orders as (

    select * from {{ ref('int_split_orders') }}

),

final as (

    select
        stitched.customer_no,
        stitched.item_id,
        stitched.event_at,
        -- Midnights of the scorer are the shop's.
        {{ shop_clock('stitched.event_at') }} as clock_at,
        stitched.sequence_no,
        stitched.act_rank,
        stitched.event_type,
        -- Strangers may share an order id, and a visitor may get one again.
        coalesce(
            split_orders.order_key,
            stitched.order_id,
            stitched.session_hint,
            stitched.customer_no || '|' || stitched.shop_day
        ) as basket_id,
        stitched.unit_price,
        stitched.amount
    from stitched
    left join split_orders
        on stitched.event_id = split_orders.event_id
        and stitched.source = split_orders.source

)

select * from final
