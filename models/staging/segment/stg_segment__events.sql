{{ config(enabled=source_is_enabled('segment')) }}

-- What is done to products is one row a product; a list that is looked at stays one event.
with

valued as (

    select * from {{ ref('base_segment__amounts') }}

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
            'item_id': 'valued.item_id',
            'order_id': 'valued.order_id',
            'quantity': 'valued.quantity',
            'unit_price': 'valued.unit_price',
            'amount': 'valued.order_value',
            'currency': 'valued.currency',
            'session_hint': 'valued.session_id',
            'channel': 'valued.traffic_medium',
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
        valued.item_id,
        valued.order_id,

        valued.quantity,
        valued.unit_price,
        valued.amount,
        valued.listed_amount,

        upper(valued.currency) as currency,
        valued.session_id as session_hint,
        cast(null as string) as channel,
        valued.traffic_source,
        valued.traffic_medium,
        valued.campaign,
        valued.landing_page,
        case when valued.device_type in ('ios', 'android') then 'mobile' else valued.device_type end as device,
        valued.country,
        {{ payment_columns_with_ip('valued.event_type', 'valued.ip_address') }},
        {{ event_of_lines('valued.event_type', 'coalesce(valued.message_id, ' ~ made_id('segment', {
            'customer_id': 'valued.user_id',
            'device_id': 'valued.anonymous_id',
            'event_at': microseconds_of('valued.sent_at'),
            'received_at': microseconds_of('valued.received_at'),
            'event_type': 'valued.source_event_name',
            'order_id': 'valued.order_id',
            'amount': 'valued.order_value',
            'products': 'valued.products'
        }) ~ ')') }} as source_event_id,
        {{ no_texts(['message_text']) }},
        {%- set said = {
            'source_event_name': 'valued.source_event_name', 'page_url': 'valued.page_url',
            'search_query': 'valued.search_query'
        } %}
        {{ with_exposure('valued', said) }} as properties,
        valued.row_json as raw_row,
        case
            when valued.row_json is null then 'the line is no JSON'
            else coalesce(valued.line_problem, valued.name_problem)
        end as rejection,
        {{ joined_notes(
            [
                'case when valued.line_no = 1 then valued.value_notes end', 'valued.line_notes',
                value_notes(segment_order_notes('valued') + segment_refund_notes('valued') + shared_value_notes(
                    'revenue', 'valued', 'count_products', 'products_value',
                    "case when valued.event_type in ('purchase', 'order_update') then valued.order_value end"
                ))
            ]
        ) }} as value_notes
    from valued

)

select * from final
