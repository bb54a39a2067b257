-- What customers wrote about items, under public keys.
with

reviews as (
    {{ union_sources('reviews') }}
),

keyed as (

    select
        *,
        {{ hmac_sha256("source || ':customer:' || customer_id") }} as customer_key
    from reviews

),

final as (

    select
        source,
        review_id,
        customer_key,
        {{ key_number('customer_key') }} as customer_no,
        item_id,
        order_id,

        title,
        body,

        rating,

        reviewed_at
    from keyed

)

select * from final
