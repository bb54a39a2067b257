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

shown as (

    select
        entities.event_at,
        entities.row_json,
        {{ parsed_json('entities.entity.data', snowplow_product_shape()) }} as product
    from entities

),

ranked as (

    select
        shown.product,
        row_number() over (
            partition by shown.product.id
            order by
                coalesce(shown.product.name, '') = '' asc,
                shown.event_at desc,
                shown.row_json asc,
                shown.product asc
        ) as showing_no
    from shown
    where shown.product.id is not null

),

final as (

    select
        'snowplow' as source,
        ranked.product.id as item_id,
        ranked.product.name as item_name,
        -- Categories are written as a path: drinks/tea.
        split_part(ranked.product.category, '/', 1) as category,
        nullif(split_part(ranked.product.category, '/', 2), '') as subcategory,
        ranked.product.brand,
        coalesce(ranked.product.list_price, ranked.product.price) as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        case replace(lower(ranked.product.inventory_status), '_', ' ')
            when 'in stock' then true
            when 'out of stock' then false
        end as is_in_stock
    from ranked
    where ranked.showing_no = 1

)

select * from final
