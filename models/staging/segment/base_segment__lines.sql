{{ config(enabled=source_is_enabled('segment')) }}

-- Events of one row an item: what is done to products is one row a product, with the values of the product typed.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

event_names as (
    {{ event_names_of('segment') }}
),

named as (

    select
        messages.*,
        coalesce(event_names.event_type, messages.source_event_name) as event_type,
        {{ event_name_problem('messages.source_event_name') }} as name_problem,
        case
            when event_names.event_type in {{ item_level_event_types() }} then {{ list_length('messages.products') }}
            else 0
        end as count_products,
        {{ segment_value_of('messages.products') }} as products_value,
        {{ pieces_of('messages.products', 'listed.quantity') }} as pieces
    from messages
    left join event_names on lower(messages.source_event_name) = event_names.source_event_name

),

numbered as (

    select
        named.*,
        {{ each_number('greatest(coalesce(named.count_products, 1), 1)') }} as line_no
    from named

),

itemised as (

    select
        numbered.*,
        case
            when numbered.count_products > 0 then {{ list_item('numbered.products', 'numbered.line_no') }}
        end as product
    from numbered

),

{% set found = {
    'item_id': text_column('coalesce(lines.product.product_id, lines.product.sku, lines.product.itemid, lines.product.id)'),
    'quantity': text_column('lines.product.quantity'),
    'unit_price': text_column('coalesce(lines.product.price, lines.product.unitprice)')
} -%}
lines as (

    select
        lines.*,
        {{ clean_texts(found, ids=['item_id']) }}
    from itemised as lines

),

{% set clean = cleaned(found, 'lines', ['item_id']) -%}
final as (

    select
        lines.*,
        {{ segment_item_id('lines.product') }} as item_id,
        {{ number_value(clean.quantity) }} as quantity,
        {{ number_value(clean.unit_price) }} as unit_price,
        {{ first_problem([
            'lines.footfall_id_problem',
            'lines.value_problem',
            number_problem('quantity', clean.quantity),
            number_problem('price', clean.unit_price)
        ]) }} as line_problem,
        {{ value_notes(nothing_notes(clean) + segment_product_notes('lines')) }} as line_notes
    from lines

)

select * from final
