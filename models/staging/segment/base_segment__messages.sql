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
        json_transform(
            input_rows.row_json,
            '{
                "type": "VARCHAR",
                "event": "VARCHAR",
                "messageId": "VARCHAR",
                "anonymousId": "VARCHAR",
                "userId": "VARCHAR",
                "timestamp": "VARCHAR",
                "originalTimestamp": "VARCHAR",
                "receivedAt": "VARCHAR",
                "context": {
                    "sessionId": "VARCHAR",
                    "device": {"type": "VARCHAR"},
                    "campaign": {"medium": "VARCHAR"},
                    "location": {"country": "VARCHAR"},
                    "userAgentData": {"mobile": "BOOLEAN"},
                    "page": {"url": "VARCHAR"}
                },
                "traits": "JSON",
                "properties": {
                    "order_id": "VARCHAR", "currency": "VARCHAR", "query": "VARCHAR",
                    "total": "DOUBLE", "revenue": "DOUBLE", "discount": "DOUBLE",
                    "product_id": "VARCHAR", "sku": "VARCHAR", "products": "JSON"
                }
            }'
        ) as message
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
            when json_type(parsed.message.properties.products) = 'ARRAY'
                then json_transform(parsed.message.properties.products, '[' || {{ segment_product_structure() }} || ']')
            when coalesce(parsed.message.properties.product_id, parsed.message.properties.sku) is not null
                then [json_transform(json_extract(parsed.row_json, '$.properties'), {{ segment_product_structure() }})]
            else []
        end as products,
        parsed.message.traits,
        try_cast(coalesce(parsed.message.timestamp, parsed.message.originaltimestamp) as {{ moment_type() }})
            as sent_at,
        try_cast(parsed.message.receivedat as {{ moment_type() }}) as received_at
    from parsed

)

select * from final
