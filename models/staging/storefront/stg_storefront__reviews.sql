{{ config(enabled=source_is_enabled('storefront')) }}

with

reviews as (

    select * from {{ source('raw_storefront', 'reviews') }}

),

final as (

    select
        'storefront' as source,
        review_id,
        customer_id,
        item_id,
        order_id,
        reviewed_at,
        cast(rating as double) as rating,
        title,
        body,
        cast(null as string) as value_notes
    from reviews

)

select * from final
