{{ config(enabled=source_is_enabled('custom')) }}

-- Items that the user brings; without a file of them, the items are those that the events name.
{%- if var('custom_items_path') or var('custom_items_relation') %}
{%- set input = custom_input(
    source('custom', 'items') if not var('custom_items_relation') else none,
    'items',
    ['item_id'],
    [
        'item_name', 'category', 'subcategory', 'brand', 'description', 'image_vector', 'latitude', 'longitude',
        'list_price', 'created_at', 'is_in_stock'
    ]
) %}
{%- set found = with_formats('custom.items', input.table, 'input_rows', input.found, ['created_at'], ['list_price']) %}
with

raw_rows as (

    select * from {{ input.table }}

),

input_rows as (

    select
        input_rows.*,
        {{ clean_texts(found, ids=['item_id']) }}
    from raw_rows as input_rows

),

{% set clean = cleaned(found, 'input_rows', ['item_id']) -%}
final as (

    select
        'custom' as source,
        {{ id_value(clean.item_id) }} as item_id,
        {{ text_value(clean.item_name) }} as item_name,
        {{ text_value(clean.category) }} as category,
        {{ text_value(clean.subcategory) }} as subcategory,
        {{ text_value(clean.brand) }} as brand,
        {{ text_value(clean.description) }} as description,
        {{ vector_value(clean.image_vector) }} as image_vector,
        {{ degrees_value(clean.latitude, 90) }} as latitude,
        {{ degrees_value(clean.longitude, 180) }} as longitude,
        {{ number_value(clean.list_price) }} as list_price,
        {{ time_value(clean.created_at) }} as created_at,
        {{ boolean_value(clean.is_in_stock) }} as is_in_stock,
        {{ value_notes(
            nothing_notes(clean) + clock_notes(clean)
            + missing_id_notes('item_id', id_value(clean.item_id))
            + lost_id_notes(clean, ['item_id'])
            + lost_value_notes('image_vector', clean.image_vector, vector_value(clean.image_vector), 'no list of numbers')
            + lost_value_notes('latitude', clean.latitude, degrees_value(clean.latitude, 90), 'no latitude')
            + lost_value_notes('longitude', clean.longitude, degrees_value(clean.longitude, 180), 'no longitude')
            + lost_value_notes('list_price', clean.list_price, number_value(clean.list_price), 'no number', true)
            + lost_value_notes('created_at', clean.created_at, time_value(clean.created_at), 'no time', true)
            + lost_value_notes(
                'is_in_stock', clean.is_in_stock, boolean_value(clean.is_in_stock), 'neither yes nor no', true
            )
        ) }} as value_notes
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
        {{ no_item_details() }},
        cast(null as double) as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock,
        cast(null as string) as value_notes
    where false

)
{%- endif %}

select * from final
