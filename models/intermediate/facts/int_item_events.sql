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

final as (

    select
        customer_no,
        item_id,
        event_at,
        sequence_no,
        act_rank,
        event_type,
        coalesce(order_id, session_hint, customer_no || '|' || {{ utc_date('event_at') }}) as basket_id,
        unit_price,
        amount
    from stitched

)

select * from final
