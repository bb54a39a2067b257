-- What customers wrote about items, under keys.
with

reviews as (
    {{ union_sources('reviews') }}
),

keyed as (

    select
        *,
        {{ hmac_sha256("source || ':customer:' || customer_id") }} as customer_key,
        {{ review_key('reviews') }} as review_key,
        {{ order_key('reviews') }} as order_key
    from reviews

),

final as (

    select
        source,
        review_key as review_id,
        customer_key,
        {{ key_number('customer_key') }} as customer_no,
        item_id,
        order_key as order_id,

        title,
        body,

        rating,

        reviewed_at
    from keyed

)

select * from final
