{{ config(enabled=source_is_enabled('ga4')) }}

-- Events of one row an item: what is done to items is one row an item, with the values of the item typed.
with

events as (

    select * from {{ ref('base_ga4__events') }}

),

event_names as (
    {{ event_names_of('ga4') }}
),

named as (

    select
        events.*,
        coalesce(event_names.event_type, events.source_event_name) as event_type,
        {{ event_name_problem('events.source_event_name') }} as name_problem,
        case
            when event_names.event_type in {{ item_level_event_types() }} then {{ list_length('events.items') }}
            else 0
        end as count_items,
        {{ ga4_items_value('events.items') }} as items_value,
        {{ pieces_of('events.items', 'listed.quantity') }} as pieces
    from events
    left join event_names on lower(events.source_event_name) = event_names.source_event_name

),

numbered as (

    select
        named.*,
        {{ each_number('greatest(coalesce(named.count_items, 1), 1)') }} as line_no
    from named

),

itemised as (

    select
        numbered.*,
        case when numbered.count_items > 0 then {{ list_item('numbered.items', 'numbered.line_no') }} end as item
    from numbered

),

{% set found = {
    'item_id': text_column('lines.item.item_id'),
    'quantity': text_column('lines.item.quantity'),
    'unit_price': text_column('lines.item.price'),
    'item_revenue': text_column('lines.item.item_revenue'),
    'item_refund': text_column('lines.item.item_refund')
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
        {{ id_value(clean.item_id) }} as item_id,
        {{ number_value(clean.quantity) }} as quantity,
        {{ number_value(clean.unit_price) }} as unit_price,
        {{ number_value(clean.item_revenue) }} as item_revenue,
        {{ number_value(clean.item_refund) }} as item_refund,
        {{ first_problem([
            'lines.footfall_id_problem',
            'lines.value_problem',
            number_problem('quantity', clean.quantity),
            number_problem('price', clean.unit_price),
            number_problem('item_revenue', clean.item_revenue),
            number_problem('item_refund', clean.item_refund)
        ]) }} as line_problem,
        {{ ga4_paid_share('lines') }} as paid_share,
        {{ value_notes(nothing_notes(clean) + order_value_notes(
            'purchase_revenue', 'lines.purchase_revenue', 'lines.items_value',
            "lines.line_no = 1 and lines.event_type = 'purchase' and lines.count_items > 0 and lines.items_value > 0e0",
            'lines.purchase_revenue > 0e0'
        ) + refund_value_notes(
            'refund_value', 'coalesce(lines.refund_value, lines.event_value)', 'lines.items_value',
            "lines.line_no = 1 and lines.event_type = 'refund' and lines.count_items > 0"
        ) + shared_value_notes(
            'purchase_revenue', 'lines', 'count_items', 'items_value',
            "case when lines.event_type = 'purchase' then coalesce(lines.purchase_revenue, lines.event_value) end"
        )) }} as line_notes
    from lines

)

select * from final
