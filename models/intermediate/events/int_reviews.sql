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
        {{ order_key('reviews') }} as order_key,
        -- The first of several reviews of one id counts; the digest settles ties, so that the order of the rows decides
        -- nothing.
        row_number() over (
            partition by reviews.source, reviews.review_id
            order by
                reviews.reviewed_at nulls last,
                {{ stable_digest(['customer_id', 'item_id', 'order_id', 'rating', 'title', 'body']) }}
        ) as listing_no,
        count(*) over (partition by reviews.source, reviews.review_id) as listing_count
    from reviews
    where true {{ and_not_erased('reviews', 'reviews') }}

),

{{ masking_ctes('keyed', masked_columns().reviews) }},

final as (

    select
        source,
        review_key as review_id,
        customer_key,
        {{ key_number('customer_key') }} as customer_no,
        item_id,
        order_key as order_id,

        masked_title as title,
        masked_body as body,

        rating,
        listing_count,

        reviewed_at
    from masked
    where listing_no = 1

)

select * from final
