{{ config(enabled=source_is_enabled('custom')) }}

-- Items that the user brings; without a file of them, the items are those that the events name.
{%- if var('custom_items_path') %}
{%- set input = custom_input(
    source('custom', 'items'),
    'items',
    ['item_id'],
    ['item_name', 'category', 'subcategory', 'brand', 'list_price', 'created_at', 'is_in_stock']
) %}
{%- set found = input.found %}
with

input_rows as (

    select * from {{ input.table }}

),

final as (

    select
        'custom' as source,
        {{ id_value(found.item_id) }} as item_id,
        {{ text_value(found.item_name) }} as item_name,
        {{ text_value(found.category) }} as category,
        {{ text_value(found.subcategory) }} as subcategory,
        {{ text_value(found.brand) }} as brand,
        {{ number_value(found.list_price) }} as list_price,
        {{ time_value(found.created_at) }} as created_at,
        {{ boolean_value(found.is_in_stock) }} as is_in_stock
    from input_rows

)
{%- else %}
with

final as (

    select
        'custom' as source,
        cast(null as string) as item_id,
        cast(null as string) as item_name,
        cast(null as string) as category,
        cast(null as string) as subcategory,
        cast(null as string) as brand,
        cast(null as double) as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock
    where false

)
{%- endif %}

select * from final
