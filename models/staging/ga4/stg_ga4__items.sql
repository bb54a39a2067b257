{{ config(enabled=source_is_enabled('ga4')) }}

-- Items as the newest event that names them describes them.
with

events as (

    select * from {{ ref('base_ga4__events') }}

),

shown as (

    select
        events.event_at,
        events.row_json,
        {{ each_of('events.items') }} as item
    from events

),

ranked as (

    select
        shown.item,
        row_number() over (
            partition by shown.item.item_id
            order by
                coalesce(nullif(shown.item.item_name, '(not set)'), '') = '' asc,
                shown.event_at desc,
                shown.row_json asc,
                shown.item asc
        ) as showing_no
    from shown
    where shown.item.item_id is not null
        and shown.item.item_id <> '(not set)'

),

final as (

    select
        'ga4' as source,
        ranked.item.item_id,
        nullif(ranked.item.item_name, '(not set)') as item_name,
        nullif(ranked.item.item_category, '(not set)') as category,
        nullif(ranked.item.item_category2, '(not set)') as subcategory,
        nullif(ranked.item.item_brand, '(not set)') as brand,
        ranked.item.price as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock
    from ranked
    where ranked.showing_no = 1

)

select * from final
