{{ config(enabled=source_is_enabled('segment')) }}

-- What is done to products is one row a product; a list that is looked at stays one event. The discount of an order
-- is spread over its lines by their price.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

event_names as (
    {{ event_names('segment') }}
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
        {{ segment_value_of('messages.products') }} as products_value
    from messages
    left join event_names on lower(messages.source_event_name) = event_names.source_event_name

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
        case
            when numbered.count_products > 0 then {{ list_item('numbered.products', 'numbered.line_no') }}
        end as product
    from numbered

),

-- The value of a whole order replaces it where its products are not listed.
valued as (

    select
        lines.*,
        lines.product.price * coalesce(lines.product.quantity, 1) as line_value,
        case
            when lines.products_value > 0 then {{ at_least('1 - lines.discount / lines.products_value', '0') }}
            else 1
        end as paid_share,
        case when lines.count_products <= 1 then lines.total end as order_value
    from lines

),

final as (

    select
        'segment' as source,
        coalesce(valued.message_id, {{ made_id('segment', {
            'customer_id': 'valued.user_id',
            'device_id': 'valued.anonymous_id',
            'event_at': microseconds_of('valued.sent_at'),
            'received_at': microseconds_of('valued.received_at'),
            'event_type': 'valued.source_event_name',
            'item_id': 'coalesce(valued.product.product_id, valued.product.sku)',
            'order_id': 'valued.order_id',
            'quantity': 'valued.product.quantity',
            'unit_price': 'valued.product.price',
            'amount': 'valued.total',
            'currency': 'valued.currency',
            'session_hint': 'valued.session_id',
            'channel': 'valued.medium',
            'device': 'valued.device_type',
            'country': 'valued.country',
            'page_url': 'valued.page_url',
            'search_query': 'valued.search_query'
        }) }})
        || case when valued.line_no > 1 then '-' || valued.line_no else '' end as event_id,
        valued.user_id as customer_id,
        valued.anonymous_id as device_id,

        valued.sent_at as event_at,
        coalesce(valued.received_at, valued.sent_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        cast(null as bigint) as sequence_no,

        valued.event_type,
        coalesce(valued.product.product_id, valued.product.sku) as item_id,
        valued.order_id,

        valued.product.quantity,
        valued.product.price as unit_price,
        case
            when valued.event_type = 'purchase' then coalesce(valued.line_value * valued.paid_share, valued.order_value)
            when valued.event_type = 'refund' then coalesce(valued.line_value, valued.order_value)
        end as amount,

        valued.currency,
        valued.session_id as session_hint,
        valued.medium as channel,
        case when valued.device_type in ('ios', 'android') then 'mobile' else valued.device_type end as device,
        valued.country,
        {{ json_of({
            'source_event_name': 'valued.source_event_name',
            'page_url': 'valued.page_url',
            'search_query': 'valued.search_query'
        }) }} as properties,
        valued.row_json as raw_row,
        case when valued.row_json is null then 'the line is no JSON' else valued.name_problem end as rejection
    from valued

)

select * from final
