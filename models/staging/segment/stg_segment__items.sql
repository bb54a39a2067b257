{{ config(enabled=source_is_enabled('segment')) }}

-- Products as the newest message that shows them describes them.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

shown as (

    select
        sent_at,
        row_json,
        unnest(products) as product
    from messages

),

ranked as (

    select
        coalesce(product.product_id, product.sku) as item_id,
        product,
        row_number() over (
            partition by coalesce(product.product_id, product.sku)
            order by sent_at desc, row_json, product
        ) as showing_no
    from shown
    where coalesce(product.product_id, product.sku) is not null

),

final as (

    select
        'segment' as source,
        item_id,
        product.name as item_name,
        product.category,
        cast(null as varchar) as subcategory,
        product.brand,
        product.price as list_price,
        cast(null as timestamptz) as created_at,
        cast(null as boolean) as is_in_stock
    from ranked
    where showing_no = 1

)

select * from final
