{{ config(enabled=source_is_enabled('segment')) }}

-- Raw messages (track, page, screen, identify) with the e-commerce properties typed. An order lists its products; any
-- other message about a product has it among its properties, so both become a list of products.
with

input_rows as (
    {{ read_input_as_json(source('segment', 'messages'), 'segment_path') }}
),

parsed as (

    select
        input_rows.row_json,
        {{ parsed_json('input_rows.row_json', {
            'type': 'string',
            'event': 'string',
            'messageId': 'string',
            'anonymousId': 'string',
            'userId': 'string',
            'timestamp': 'string',
            'originalTimestamp': 'string',
            'receivedAt': 'string',
            'context': {
                'sessionId': 'string',
                'device': {'type': 'string'},
                'campaign': {'medium': 'string'},
                'location': {'country': 'string'},
                'userAgentData': {'mobile': 'boolean'},
                'page': {'url': 'string'}
            },
            'traits': 'json',
            'properties': {
                'order_id': 'string', 'currency': 'string', 'query': 'string',
                'total': 'double', 'revenue': 'double', 'discount': 'double',
                'product_id': 'string', 'sku': 'string', 'products': 'json'
            }
        }) }} as message
    from input_rows

),

final as (

    select
        parsed.row_json,
        nullif(parsed.message.messageid, '') as message_id,
        nullif(parsed.message.userid, '') as user_id,
        nullif(parsed.message.anonymousid, '') as anonymous_id,
        case
            when parsed.message.type = 'track' then parsed.message.event else parsed.message.type
        end as source_event_name,
        parsed.message.context.sessionid as session_id,
        parsed.message.context.campaign.medium,
        coalesce(
            lower(parsed.message.context.device.type),
            case parsed.message.context.useragentdata.mobile
                when true then 'mobile'
                when false then 'desktop'
            end
        ) as device_type,
        parsed.message.context.location.country,
        parsed.message.context.page.url as page_url,
        parsed.message.properties.query as search_query,
        parsed.message.properties.order_id,
        parsed.message.properties.currency,
        coalesce(parsed.message.properties.total, parsed.message.properties.revenue) as total,
        coalesce(parsed.message.properties.discount, 0) as discount,
        case
            when {{ is_json_list('parsed.message.properties.products') }}
                then {{ parsed_json('parsed.message.properties.products', [segment_product_shape()]) }}
            when coalesce(parsed.message.properties.product_id, parsed.message.properties.sku) is not null
                then {{ list_of([parsed_json(json_part('parsed.row_json', '$.properties'), segment_product_shape())]) }}
            else {{ list_of([]) }}
        end as products,
        parsed.message.traits,
        try_cast(coalesce(parsed.message.timestamp, parsed.message.originaltimestamp) as {{ moment_type() }})
            as sent_at,
        try_cast(parsed.message.receivedat as {{ moment_type() }}) as received_at
    from parsed

)

select * from final
