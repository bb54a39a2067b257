{{ config(enabled=source_is_enabled('storefront')) }}

with

items as (

    select * from {{ source('raw_storefront', 'items') }}

),

final as (

    select
        'storefront' as source,
        item_id,
        item_name,
        category,
        subcategory,
        brand,
        {{ no_item_details() }},
        list_price,
        created_at,
        is_in_stock,
        cast(null as string) as value_notes
    from items

)

select * from final
