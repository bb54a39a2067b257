{{ config(enabled=source_is_enabled('snowplow')) }}

-- Products as the newest event that names them describes them.
with

events as (

    select * from {{ ref('base_snowplow__events') }}

),

entities as (

    select
        coalesce(events.derived_at, events.collected_at) as event_at,
        events.row_json,
        {{ each_of('events.products') }} as entity
    from events

),

-- Items of orders of the first e-commerce calls are in the fields of an event.
described as (

    select
        entities.event_at,
        entities.row_json,
        cast(entities.entity.data as string) as product_json
    from entities

    union all

    select
        coalesce(events.derived_at, events.collected_at) as event_at,
        events.row_json,
        {{ json_of({
            'id': 'events.event.ti_sku', 'name': 'events.event.ti_name', 'category': 'events.event.ti_category',
            'price': 'events.event.ti_price'
        }) }} as product_json
    from events
    where events.event.ti_sku is not null

),

shown as (

    select
        described.event_at,
        described.row_json,
        {{ computed_once(parsed_json('described.product_json', snowplow_product_shape())) }} as product
    from described

),

listed as (

    select
        shown.*,
        {{ id_value(text_column('shown.product.id')) }} as item_id,
        {{ text_value(text_column('shown.product.name')) }} as item_name,
        {{ text_value(text_column('shown.product.category')) }} as category_path
    from shown

),

ranked as (

    select
        listed.*,
        row_number() over (
            partition by listed.item_id
            order by
                listed.item_name is null asc,
                listed.event_at desc,
                listed.row_json asc,
                listed.product asc
        ) as showing_no
    from listed
    where listed.item_id is not null

),

final as (

    select
        'snowplow' as source,
        ranked.item_id,
        ranked.item_name,
        -- Categories are written as a path: drinks/tea.
        split_part(ranked.category_path, '/', 1) as category,
        nullif(split_part(ranked.category_path, '/', 2), '') as subcategory,
        {{ text_value(text_column('ranked.product.brand')) }} as brand,
        {{ no_item_details() }},
        coalesce(
            {{ number_value(text_column('ranked.product.list_price')) }},
            {{ number_value(text_column('ranked.product.price')) }}
        ) as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        case replace(lower(ranked.product.inventory_status), '_', ' ')
            when 'in stock' then true
            when 'out of stock' then false
        end as is_in_stock,
        cast(null as string) as value_notes
    from ranked
    where ranked.showing_no = 1

)

select * from final
