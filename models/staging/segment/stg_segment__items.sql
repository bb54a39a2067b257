{{ config(enabled=source_is_enabled('segment')) }}

-- Products as the newest message that names them describes them.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

shown as (

    select
        messages.sent_at,
        messages.row_json,
        {{ each_of('messages.products') }} as product
    from messages

),

ranked as (

    select
        coalesce(shown.product.product_id, shown.product.sku) as item_id,
        shown.product,
        row_number() over (
            partition by coalesce(shown.product.product_id, shown.product.sku)
            order by
                coalesce(shown.product.name, '') = '' asc,
                shown.sent_at desc,
                shown.row_json asc,
                shown.product asc
        ) as showing_no
    from shown
    where coalesce(shown.product.product_id, shown.product.sku) is not null

),

final as (

    select
        'segment' as source,
        ranked.item_id,
        ranked.product.name as item_name,
        ranked.product.category,
        cast(null as string) as subcategory,
        ranked.product.brand,
        ranked.product.price as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock
    from ranked
    where ranked.showing_no = 1

)

select * from final
