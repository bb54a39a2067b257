{{ config(enabled=source_is_enabled('snowplow')) }}

-- What is done to products is one row a product entity; a list that is looked at stays one event. The
-- derived time is the device's, corrected for its clock.
with

events as (

    select * from {{ ref('base_snowplow__events') }}

),

event_names as (
    {{ event_names('snowplow') }}
),

named as (

    select
        events.*,
        coalesce(event_names.event_type, events.source_event_name) as event_type,
        {{ event_name_problem('events.source_event_name') }} as name_problem,
        case
            when event_names.event_type in {{ item_level_event_types() }}
                then coalesce({{ list_length('events.products') }}, 0)
            else 0
        end as count_products
    from events
    left join event_names on lower(events.source_event_name) = event_names.source_event_name

),

numbered as (

    select
        named.*,
        {{ each_number('greatest(coalesce(named.count_products, 1), 1)') }} as line_no
    from named

),

lines as (

    select
        numbered.*,
        {{ parsed_json(
            'case when numbered.count_products > 0 then '
            ~ list_item('numbered.products', 'numbered.line_no') ~ '.data end',
            snowplow_product_shape()
        ) }} as product
    from numbered

),

-- The value of a whole order replaces it where its products are not listed.
valued as (

    select
        lines.*,
        lines.product.price * coalesce(lines.product.quantity, 1) as line_value,
        case when lines.count_products <= 1 then lines.order_entity.revenue end as order_value,
        case when lines.count_products <= 1 then lines.refund_entity.refund_amount end as refunded_value
    from lines

),

final as (

    select
        'snowplow' as source,
        coalesce(valued.event_id, {{ made_id('snowplow', {
            'customer_id': 'valued.user_id',
            'device_id': 'valued.device_id',
            'event_at': microseconds_of('valued.derived_at'),
            'received_at': microseconds_of('valued.collected_at'),
            'sequence_no': 'valued.event_index',
            'event_type': 'valued.source_event_name',
            'item_id': 'valued.product.id',
            'order_id': 'coalesce(valued.order_entity.transaction_id, valued.refund_entity.transaction_id)',
            'quantity': 'valued.product.quantity',
            'unit_price': 'valued.product.price',
            'amount': 'coalesce(valued.order_entity.revenue, valued.refund_entity.refund_amount)',
            'session_hint': 'valued.session_id',
            'channel': 'valued.medium',
            'device': 'valued.device_type',
            'country': 'valued.country',
            'page_url': 'valued.page_url'
        }) }})
        || case when valued.line_no > 1 then '-' || valued.line_no else '' end as event_id,
        valued.user_id as customer_id,
        valued.device_id,

        coalesce(valued.derived_at, valued.collected_at) as event_at,
        coalesce(valued.collected_at, valued.derived_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        valued.event_index as sequence_no,

        valued.event_type,
        valued.product.id as item_id,
        coalesce(valued.order_entity.transaction_id, valued.refund_entity.transaction_id) as order_id,

        valued.product.quantity,
        coalesce(valued.product.list_price, valued.product.price) as unit_price,
        case
            when valued.event_type = 'purchase' then coalesce(valued.line_value, valued.order_value)
            when valued.event_type = 'refund' then coalesce(valued.refunded_value, valued.line_value)
        end as amount,

        coalesce(valued.order_entity.currency, valued.refund_entity.currency, valued.product.currency) as currency,
        valued.session_id as session_hint,
        valued.medium as channel,
        case valued.device_type when 'computer' then 'desktop' else valued.device_type end as device,
        valued.country,
        {{ json_of({
            'source_event_name': 'valued.source_event_name',
            'page_url': 'valued.page_url'
        }) }} as properties,
        valued.row_json as raw_row,
        case when valued.row_json is null then 'the line is no JSON' else valued.name_problem end as rejection
    from valued

)

select * from final
