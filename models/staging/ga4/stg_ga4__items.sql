{{ config(enabled=source_is_enabled('ga4')) }}

-- Items as the newest event that shows them describes them.
with

events as (

    select * from {{ ref('base_ga4__events') }}

),

shown as (

    select
        event_at,
        row_json,
        unnest(items) as item
    from events

),

ranked as (

    select
        item,
        row_number() over (partition by item.item_id order by event_at desc, row_json, item) as showing_no
    from shown
    where item.item_id is not null
        and item.item_id <> '(not set)'

),

final as (

    select
        'ga4' as source,
        item.item_id,
        nullif(item.item_name, '(not set)') as item_name,
        nullif(item.item_category, '(not set)') as category,
        nullif(item.item_category2, '(not set)') as subcategory,
        nullif(item.item_brand, '(not set)') as brand,
        item.price as list_price,
        cast(null as timestamptz) as created_at,
        cast(null as boolean) as is_in_stock
    from ranked
    where showing_no = 1

)

select * from final
