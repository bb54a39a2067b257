{{ config(enabled=source_is_enabled('ga4')) }}

-- The nested export as one typed row an event. Parquet and JSON lines both go by JSON, so that a column that an older
-- export lacks is null and no error.
with

input_rows as (
    {{ read_input_as_json(source('ga4', 'events'), 'ga4_path') }}
),

parsed as (

    select
        input_rows.row_json,
        {{ parsed_json('input_rows.row_json', {
            'event_name': 'string',
            'event_timestamp': 'bigint',
            'event_server_timestamp_offset': 'bigint',
            'batch_page_id': 'bigint',
            'batch_ordering_id': 'bigint',
            'batch_event_index': 'bigint',
            'event_params': [{
                'key': 'string',
                'value': {
                    'string_value': 'string', 'int_value': 'bigint',
                    'float_value': 'double', 'double_value': 'double'
                }
            }],
            'user_id': 'string',
            'user_pseudo_id': 'string',
            'device': {'category': 'string'},
            'geo': {'country': 'string'},
            'traffic_source': {'medium': 'string', 'source': 'string'},
            'collected_traffic_source': {'manual_medium': 'string', 'manual_source': 'string'},
            'ecommerce': {
                'transaction_id': 'string', 'purchase_revenue': 'double', 'refund_value': 'double'
            },
            'items': [{
                'item_id': 'string', 'item_name': 'string', 'item_brand': 'string',
                'item_category': 'string', 'item_category2': 'string',
                'price': 'double', 'quantity': 'double', 'item_revenue': 'double', 'item_refund': 'double'
            }]
        }) }} as event
    from input_rows

),

final as (

    select
        parsed.row_json,
        parsed.event.event_name as source_event_name,
        nullif(parsed.event.user_id, '') as user_id,
        nullif(parsed.event.user_pseudo_id, '') as user_pseudo_id,
        parsed.event.device.category as device_category,
        nullif(parsed.event.geo.country, '(not set)') as country,
        -- GA4 writes '(none)' and '(direct)' for a visit that nothing led to.
        replace(nullif(coalesce(
            parsed.event.collected_traffic_source.manual_medium,
            {{ ga4_param('medium', 'string_value') }},
            parsed.event.traffic_source.medium
        ), '(not set)'), '(none)', 'direct') as medium,
        replace(nullif(parsed.event.traffic_source.source, '(not set)'), '(direct)', 'direct') as first_user_source,
        {{ ga4_param('currency', 'string_value') }} as currency,
        {{ ga4_param('ga_session_id', 'int_value') }} as ga_session_id,
        {{ ga4_param('page_location', 'string_value') }} as page_location,
        {{ ga4_param('search_term', 'string_value') }} as search_term,
        coalesce(
            nullif(parsed.event.ecommerce.transaction_id, '(not set)'),
            {{ ga4_param('transaction_id', 'string_value') }}
        ) as transaction_id,
        coalesce(
            {{ ga4_param('value', 'double_value') }},
            {{ ga4_param('value', 'float_value') }},
            {{ ga4_param('value', 'int_value') }}
        ) as event_value,
        parsed.event.ecommerce.purchase_revenue,
        parsed.event.ecommerce.refund_value,
        coalesce(parsed.event.items, {{ list_of([]) }}) as items,

        {{ moment_of_microseconds('parsed.event.event_timestamp') }} as event_at,
        -- What was collected offline is uploaded later; the offset says how much later.
        {{ moment_of_microseconds(
            'parsed.event.event_timestamp + greatest(coalesce(parsed.event.event_server_timestamp_offset, 0), 0)'
        ) }} as received_at,
        {{ ga4_sequence_no('parsed.event') }} as sequence_no
    from parsed

)

select * from final
