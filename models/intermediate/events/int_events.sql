{{ config(materialized='view') }}

-- The event contract: every accepted event once, under public keys. Heavy models read the numbered table behind it.
with

stitched as (

    select * from {{ ref('int_stitched_events') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

final as (

    select
        stitched.event_id,
        stitched.source,
        customers.identity_key as customer_key,
        devices.identity_key as anonymous_key,
        stitched.item_id,
        stitched.order_id,
        stitched.session_hint,

        stitched.event_type,
        stitched.currency,
        stitched.channel,
        {{ prefixed('stitched', visit_columns()) | join(', ') }},
        stitched.device,
        stitched.country,
        {{ prefixed('stitched', payment_columns()) | join(', ') }},
        stitched.message_text,
        stitched.properties,

        stitched.quantity,
        stitched.unit_price,
        stitched.amount,

        stitched.event_at,
        stitched.shop_day,
        stitched.received_at
    from stitched
    left join keys as customers on stitched.customer_no = customers.identity_no
    left join keys as devices on stitched.anonymous_no = devices.identity_no

)

select * from final
