{{ config(enabled=source_is_enabled('complete_journey')) }}

with

products as (

    select * from {{ complete_journey_file(source('complete_journey', 'products')) }}

),

final as (

    select
        'complete_journey' as source,
        cast(product_id as string) as item_id,
        concat_ws(', ', coalesce(product_type, product_category, department), package_size) as item_name,
        department as category,
        product_category as subcategory,
        -- The file names no brands, only makers by number and whether it is the shop's own label.
        brand || ' ' || cast(manufacturer_id as string) as brand,
        {{ no_item_details() }},
        cast(null as double) as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock,
        cast(null as string) as value_notes
    from products

)

select * from final
