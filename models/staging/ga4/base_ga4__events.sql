{{ config(enabled=source_is_enabled('ga4')) }}

-- The nested export as one typed row an event. Parquet and JSON lines both go by JSON, so that a column that an older
-- export lacks is null and no error.
{%- set found = {
    'customer_id': text_column('parsed.event.user_id'),
    'device_id': text_column('parsed.event.user_pseudo_id'),
    'collected_medium': text_column('parsed.event.collected_traffic_source.manual_medium'),
    'medium': text_column(ga4_param('medium', 'string_value')),
    'collected_source': text_column('parsed.event.collected_traffic_source.manual_source'),
    'source': text_column(ga4_param('source', 'string_value')),
    'collected_campaign': text_column('parsed.event.collected_traffic_source.manual_campaign_name'),
    'campaign': text_column(ga4_param('campaign', 'string_value')),
    'first_medium': text_column('parsed.event.traffic_source.medium'),
    'first_source': text_column('parsed.event.traffic_source.source'),
    'transaction_id': text_column(ga4_param('transaction_id', 'string_value')),
    'device': text_column('parsed.event.device.category'),
    'country': text_column('parsed.event.geo.country'),
    'order_id': text_column('parsed.event.ecommerce.transaction_id'),
    'currency': text_column(ga4_param('currency', 'string_value')),
    'purchase_revenue': text_column('parsed.event.ecommerce.purchase_revenue'),
    'refund_value': text_column('parsed.event.ecommerce.refund_value')
} %}
with

{{ ga4_input_rows() }},

taken_apart as (

    select
        input_rows.row_json,
        input_rows.is_superseded,
        {{ computed_once(parsed_json('input_rows.row_json', {
            'event_name': 'string',
            'stream_id': 'string',
            'event_timestamp': 'string',
            'event_server_timestamp_offset': 'string',
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
            'collected_traffic_source': {'manual_medium': 'string', 'manual_source': 'string', 'manual_campaign_name': 'string'},
            'ecommerce': {
                'transaction_id': 'string', 'purchase_revenue': 'string', 'refund_value': 'string'
            },
            'items': [{
                'item_id': 'string', 'item_name': 'string', 'item_brand': 'string',
                'item_category': 'string', 'item_category2': 'string',
                'price': 'string', 'quantity': 'string', 'item_revenue': 'string', 'item_refund': 'string'
            }]
        })) }} as event
    from input_rows

),

parsed as (

    select
        parsed.*,
        {{ clean_texts(
            found, ids=['order_id', 'transaction_id'], owners=['customer_id', 'device_id']
        ) }}
    from taken_apart as parsed

),

{% set clean = cleaned(found, 'parsed', ['customer_id', 'device_id', 'order_id', 'transaction_id']) -%}
final as (

    select
        parsed.row_json,
        parsed.is_superseded,
        parsed.event.stream_id,
        {{ ga4_params_text('parsed.event.event_params') }} as params_text,
        parsed.event.event_name as source_event_name,
        {{ owner_id_value(clean.customer_id) }} as user_id,
        {{ owner_id_value(clean.device_id) }} as user_pseudo_id,
        {{ text_value(clean.device) }} as device_category,
        {{ text_value(clean.country) }} as country,
        -- GA4 writes '(none)' and '(direct)' for a visit that nothing led to.
        replace(coalesce(
            {{ text_value(clean.collected_medium) }},
            {{ text_value(clean.medium) }},
            {{ text_value(clean.first_medium) }}
        ), '(none)', 'direct') as medium,
        coalesce({{ text_value(clean.collected_source) }}, {{ text_value(clean.source) }}) as traffic_source,
        coalesce({{ text_value(clean.collected_medium) }}, {{ text_value(clean.medium) }}) as traffic_medium,
        coalesce({{ text_value(clean.collected_campaign) }}, {{ text_value(clean.campaign) }}) as campaign,
        {{ page_path(ga4_param('page_location', 'string_value')) }} as landing_page,
        replace({{ text_value(clean.first_source) }}, '(direct)', 'direct') as first_user_source,
        {{ text_value(clean.currency) }} as currency,
        {{ ga4_param('ga_session_id', 'int_value') }} as ga_session_id,
        {{ ga4_param('page_location', 'string_value') }} as page_location,
        {{ ga4_param('search_term', 'string_value') }} as search_term,
        coalesce(
            {{ id_value(clean.order_id) }},
            {{ id_value(clean.transaction_id) }}
        ) as transaction_id,
        coalesce(
            {{ ga4_param('value', 'double_value') }},
            {{ ga4_param('value', 'float_value') }},
            {{ ga4_param('value', 'int_value') }}
        ) as event_value,
        {{ number_value(clean.purchase_revenue) }} as purchase_revenue,
        {{ number_value(clean.refund_value) }} as refund_value,
        coalesce(parsed.event.items, {{ list_of([]) }}) as items,

        {{ ga4_moment('parsed.event.event_timestamp') }} as event_at,
        -- What was collected offline is uploaded later; the offset says how much later.
        {{ ga4_moment('parsed.event.event_timestamp', 'parsed.event.event_server_timestamp_offset') }} as received_at,
        {{ ga4_sequence_no('parsed.event') }} as sequence_no,

        {{ first_problem([
            'parsed.footfall_id_problem',
            number_problem('purchase_revenue', clean.purchase_revenue),
            number_problem('refund_value', clean.refund_value)
        ]) }} as value_problem,
        {{ value_notes(
            nothing_notes(clean, ['customer_id', 'device_id'])
        ) }} as value_notes
    from parsed

)

select * from final
