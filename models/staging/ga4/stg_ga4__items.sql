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

listed as (

    select
        shown.*,
        {{ id_value(text_column('shown.item.item_id')) }} as item_id,
        {{ text_value(text_column('shown.item.item_name')) }} as item_name
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
                listed.item asc
        ) as showing_no
    from listed
    where listed.item_id is not null

),

final as (

    select
        'ga4' as source,
        ranked.item_id,
        ranked.item_name,
        {{ text_value(text_column('ranked.item.item_category')) }} as category,
        {{ text_value(text_column('ranked.item.item_category2')) }} as subcategory,
        {{ text_value(text_column('ranked.item.item_brand')) }} as brand,
        {{ no_item_details() }},
        {{ number_value(text_column('ranked.item.price')) }} as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock,
        cast(null as string) as value_notes
    from ranked
    where ranked.showing_no = 1

)

select * from final
