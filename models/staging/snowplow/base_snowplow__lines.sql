{{ config(enabled=source_is_enabled('snowplow')) }}

-- Events of one row an item: what is done to products is one row a product entity, with its values typed. A view of a
-- page or screen has a further row for each experiment that it shows.
with

events as (

    select * from {{ ref('base_snowplow__events') }}

),

event_names as (
    {{ event_names_of('snowplow') }}
),

named as (

    select
        events.*,
        coalesce(event_names.event_type, events.source_event_name) as event_type,
        {{ event_name_problem('events.source_event_name') }} as name_problem,
        {{ snowplow_value_of('events.products') }} as products_value,
        {{ pieces_of('events.products', json_text('listed.data', '$.quantity')) }} as pieces,
        case
            when event_names.event_type in {{ item_level_event_types() }}
                then coalesce({{ list_length('events.products') }}, 0)
            else 0
        end as count_products,
        coalesce({{ list_length('events.experiments') }}, 0) as count_experiments
    from events
    left join event_names on lower(events.source_event_name) = event_names.source_event_name

),

counted as (

    select
        *,
        case
            when event_type = 'exposure' then 0
            when source_event_name in ('page_view', 'screen_view') then 1
            else greatest(coalesce(count_products, 0), 1)
        end as lines_before,
        case
            when event_type = 'exposure' or source_event_name in ('page_view', 'screen_view') then count_experiments
            else 0
        end as count_shown
    from named

),

numbered as (

    select
        counted.*,
        {{ each_number('greatest(counted.lines_before + counted.count_shown, 1)') }} as line_no
    from counted

),

itemised as (

    select
        numbered.*,
        {{ computed_once(parsed_json(
            'case when numbered.count_products > 0 then '
            ~ list_item('numbered.products', 'numbered.line_no') ~ '.data end',
            snowplow_product_shape()
        )) }} as product,
        {{ computed_once(
            'case when numbered.line_no > numbered.lines_before and numbered.count_shown > 0 then '
            ~ list_item('numbered.experiments', 'numbered.line_no - numbered.lines_before') ~ '.data end'
        ) }} as experiment
    from numbered

),

{% set found = {
    'item_id': text_column('coalesce(lines.product.id, lines.event.ti_sku)'),
    'quantity': text_column('coalesce(lines.product.quantity, lines.event.ti_quantity)'),
    'price': text_column('coalesce(lines.product.price, lines.event.ti_price)'),
    'list_price': text_column('lines.product.list_price'),
    'order_id': text_column('coalesce(
        lines.order_entity.transaction_id, lines.refund_entity.transaction_id, lines.event.tr_orderid,
        lines.event.ti_orderid
    )'),
    'revenue': text_column('coalesce(lines.order_entity.revenue, lines.event.tr_total)'),
    'discount_amount': text_column('lines.order_entity.discount_amount'),
    'tax': text_column('coalesce(lines.order_entity.tax, lines.event.tr_tax)'),
    'shipping': text_column('coalesce(lines.order_entity.shipping, lines.event.tr_shipping)'),
    'refund_amount': text_column('lines.refund_entity.refund_amount')
} -%}
lines as (

    select
        lines.*,
        {{ clean_texts(found, ids=['item_id', 'order_id']) }}
    from itemised as lines

),

{% set clean = cleaned(found, 'lines', ['item_id', 'order_id']) -%}
final as (

    select
        lines.*,
        {{ snowplow_experiment('lines.experiment') }} as experiment_id,
        {{ snowplow_arm('lines.experiment') }} as variant_id,
        {{ id_value(clean.item_id) }} as item_id,
        {{ id_value(clean.order_id) }} as order_id,
        {{ number_value(clean.quantity) }} as quantity,
        {{ number_value(clean.price) }} as price,
        {{ number_value(clean.list_price) }} as list_price,
        {{ number_value(clean.revenue) }} as revenue,
        {{ number_value(clean.discount_amount) }} as discount_amount,
        coalesce({{ number_value(clean.tax) }}, 0e0)
        + coalesce({{ number_value(clean.shipping) }}, 0e0) as extra_charges,
        {{ number_value(clean.refund_amount) }} as refund_amount,
        {{ first_problem([
            'lines.footfall_id_problem',
            'lines.value_problem',
            number_problem('quantity', clean.quantity),
            number_problem('price', clean.price),
            number_problem('list_price', clean.list_price),
            number_problem('revenue', clean.revenue),
            number_problem('discount_amount', clean.discount_amount),
            number_problem('tax', clean.tax),
            number_problem('shipping', clean.shipping),
            number_problem('refund_amount', clean.refund_amount)
        ]) }} as line_problem,
        {{ value_notes(nothing_notes(clean)) }} as line_notes
    from lines

)

select * from final
