{{ config(enabled=source_is_enabled('segment')) }}

-- Raw messages (track, page, screen, identify) with the e-commerce properties typed. An order lists its products; any
-- other message about a product has it among its properties, so both become a list of products.
{%- set found = {
    'event_id': text_column('parsed.message.messageid'),
    'customer_id': text_column('parsed.message.userid'),
    'device_id': text_column('parsed.message.anonymousid'),
    'session_hint': text_column('parsed.message.context.sessionid'),
    'channel': text_column('parsed.message.context.campaign.medium'),
    'traffic_source': text_column('parsed.message.context.campaign.source'),
    'campaign': text_column('parsed.message.context.campaign.name'),
    'country': text_column('parsed.message.context.location.country'),
    'order_id': text_column('parsed.message.properties.order_id'),
    'currency': text_column('parsed.message.properties.currency'),
    'revenue': text_column('coalesce(parsed.message.properties.revenue, parsed.message.properties.subtotal)'),
    'total': text_column('parsed.message.properties.total'),
    'shipping': text_column('parsed.message.properties.shipping'),
    'tax': text_column('parsed.message.properties.tax'),
    'discount': text_column('parsed.message.properties.discount'),
    'timestamp': text_column('coalesce(parsed.message.timestamp, parsed.message.originaltimestamp)'),
    'receivedAt': text_column('parsed.message.receivedat')
} %}
with

input_rows as (
    {{ segment_messages(source('segment', 'messages')) }}
),

spelled as (

    select
        row_json,
        {{ segment_spelling('row_json') }} as spelled_json
    from input_rows

),

taken_apart as (

    select
        spelled.*,
        {{ computed_once(parsed_json('spelled.spelled_json', {
            'type': 'string',
            'event': 'string',
            'messageId': 'string',
            'lacksOwnRow': 'boolean',
            'anonymousId': 'string',
            'userId': 'string',
            'timestamp': 'string',
            'originalTimestamp': 'string',
            'receivedAt': 'string',
            'context': {
                'sessionId': 'string', 'ip': 'string',
                'device': {'type': 'string'},
                'campaign': {'source': 'string', 'medium': 'string', 'name': 'string'},
                'location': {'country': 'string'},
                'userAgentData': {'mobile': 'boolean'},
                'page': {'url': 'string', 'referrer': 'string'}
            },
            'traits': 'json',
            'properties': {
                'order_id': 'string', 'currency': 'string', 'query': 'string',
                'url': 'string', 'referrer': 'string',
                'revenue': 'string', 'subtotal': 'string', 'total': 'string', 'shipping': 'string', 'tax': 'string',
                'discount': 'string', 'product_id': 'string', 'sku': 'string', 'itemid': 'string', 'id': 'string', 'products': 'json',
                'experiment_id': 'string', 'experiment_name': 'string', 'variation_id': 'string', 'variation_name': 'string'
            }
        })) }} as message
    from spelled

),

parsed as (

    select
        parsed.*,
        {{ segment_page('parsed.message', 'url') }} as page_url,
        {{ host_of(segment_page('parsed.message', 'url')) }} as host,
        {{ host_of(segment_page('parsed.message', 'referrer')) }} as led_from,
        {{ clean_texts(
            found, ids=['event_id', 'session_hint', 'order_id'], owners=['customer_id', 'device_id']
        ) }}
    from taken_apart as parsed

),

{% set clean = cleaned(found, 'parsed', ['customer_id', 'device_id', 'event_id', 'order_id', 'session_hint']) -%}
final as (

    select
        parsed.row_json,
        {{ id_value(clean.event_id) }} as message_id,
        {{ owner_id_value(clean.customer_id) }} as user_id,
        {{ owner_id_value(clean.device_id) }} as anonymous_id,
        case
            when parsed.message.type = 'track' then {{ event_text('parsed.message.event') }}
            else parsed.message.type
        end as source_event_name,
        {{ id_value(clean.session_hint) }} as session_id,
        {{ segment_traffic('parsed.message', clean) }},
        {{ page_path('parsed.page_url') }} as landing_page,
        coalesce(
            lower({{ event_text('parsed.message.context.device.type') }}),
            case parsed.message.context.useragentdata.mobile
                when true then 'mobile'
                when false then 'desktop'
            end
        ) as device_type,
        {{ text_value(clean.country) }} as country,
        {{ event_text('parsed.message.context.ip') }} as ip_address,
        parsed.page_url,
        parsed.message.properties.query as search_query,
        {{ segment_exposure('parsed.message.properties') }},
        {{ id_value(clean.order_id) }} as order_id,
        {{ text_value(clean.currency) }} as currency,
        -- Without shipping and tax, which revenue and subtotal leave out and total holds.
        coalesce(
            {{ number_value(clean.revenue) }},
            {{ number_value(clean.total) }} - coalesce({{ number_value(clean.shipping) }}, 0e0)
            - coalesce({{ number_value(clean.tax) }}, 0e0)
        ) as order_value,
        abs({{ number_value(clean.discount) }}) as discount,
        {{ computed_once(
            'case when ' ~ segment_product_list('parsed.message') ~ ' is not null'
            ~ ' then ' ~ parsed_json(segment_product_list('parsed.message'), [segment_product_shape()])
            ~ ' when ' ~ segment_names_a_product('parsed.message')
            ~ ' then ' ~ list_of([parsed_json(json_part('parsed.spelled_json', '$.properties'), segment_product_shape())])
            ~ ' else ' ~ list_of([]) ~ ' end'
        ) }} as products,
        {{ json_part('parsed.row_json', '$.traits') }} as traits,
        {{ time_value(clean.timestamp) }} as sent_at,
        {{ time_value(clean.receivedAt) }} as received_at,
        {{ first_problem([
            'parsed.footfall_id_problem',
            time_problem('timestamp', clean.timestamp),
            time_problem('receivedAt', clean.receivedAt),
            number_problem('revenue', clean.revenue),
            number_problem('total', clean.total),
            number_problem('shipping', clean.shipping),
            number_problem('tax', clean.tax),
            number_problem('discount', clean.discount)
        ]) }} as value_problem,
        {{ value_notes(nothing_notes(clean, ['customer_id', 'device_id']) + segment_message_notes('parsed.message')) }}
            as value_notes
    from parsed

)

select * from final
