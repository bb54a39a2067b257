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
        {{ segment_item_id('shown.product') }} as item_id,
        shown.product,
        row_number() over (
            partition by {{ segment_item_id('shown.product') }}
            order by
                {{ text_value(text_column('shown.product.name')) }} is null asc,
                shown.sent_at desc,
                shown.row_json asc,
                shown.product asc
        ) as showing_no
    from shown
    where {{ segment_item_id('shown.product') }} is not null

),

final as (

    select
        'segment' as source,
        ranked.item_id,
        {{ text_value(text_column('ranked.product.name')) }} as item_name,
        {{ text_value(text_column('ranked.product.category')) }} as category,
        cast(null as string) as subcategory,
        {{ text_value(text_column('ranked.product.brand')) }} as brand,
        {{ no_item_details() }},
        {{ number_value(text_column('coalesce(ranked.product.price, ranked.product.unitprice)')) }} as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock,
        cast(null as string) as value_notes
    from ranked
    where ranked.showing_no = 1

)

select * from final
