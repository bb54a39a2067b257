{{ config(enabled=source_is_enabled('snowplow')) }}

-- Products as the newest event that shows them describes them.
with

events as (

    select * from {{ ref('base_snowplow__events') }}

),

entities as (

    select
        coalesce(derived_at, collected_at) as event_at,
        row_json,
        unnest(products) as entity
    from events

),

shown as (

    select
        event_at,
        row_json,
        {{ snowplow_product('entity.data') }} as product
    from entities

),

ranked as (

    select
        product,
        row_number() over (partition by product.id order by event_at desc, row_json, product) as showing_no
    from shown
    where product.id is not null

),

final as (

    select
        'snowplow' as source,
        product.id as item_id,
        product.name as item_name,
        -- Categories are written as a path: drinks/tea.
        split_part(product.category, '/', 1) as category,
        nullif(split_part(product.category, '/', 2), '') as subcategory,
        product.brand,
        coalesce(product.list_price, product.price) as list_price,
        cast(null as timestamptz) as created_at,
        case lower(product.inventory_status)
            when 'in stock' then true
            when 'in_stock' then true
            when 'out of stock' then false
            when 'out_of_stock' then false
        end as is_in_stock
    from ranked
    where showing_no = 1

)

select * from final
