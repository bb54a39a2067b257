{{ config(enabled=source_is_enabled('segment')) }}

-- Raw messages (track, page, screen, identify) with the e-commerce properties typed. An order lists its products; any
-- other message about a product has it among its properties, so both become a list of products.
with

input_rows as (
    {{ read_input_as_json(source('segment', 'messages'), 'segment_path') }}
),

parsed as (

    select
        row_json,
        json_transform(
            row_json,
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
                    "product_id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", "brand": "VARCHAR",
                    "category": "VARCHAR", "price": "DOUBLE", "quantity": "DOUBLE",
                    "products": [{
                        "product_id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", "brand": "VARCHAR",
                        "category": "VARCHAR", "price": "DOUBLE", "quantity": "DOUBLE"
                    }]
                }
            }'
        ) as message
    from input_rows

),

final as (

    select
        row_json,
        nullif(message.messageId, '') as message_id,
        nullif(message.userId, '') as user_id,
        nullif(message.anonymousId, '') as anonymous_id,
        coalesce(case when message.type = 'track' then message.event end, message.type) as source_event_name,
        message.context.sessionId as session_id,
        message.context.campaign.medium as medium,
        coalesce(
            lower(message.context.device.type),
            case message.context.userAgentData.mobile when true then 'mobile' when false then 'desktop' end
        ) as device_type,
        message.context.location.country as country,
        message.context.page.url as page_url,
        message.properties.query as search_query,
        message.properties.order_id,
        message.properties.currency,
        coalesce(message.properties.total, message.properties.revenue) as total,
        coalesce(message.properties.discount, 0) as discount,
        case
            when message.properties.products is not null then message.properties.products
            when coalesce(message.properties.product_id, message.properties.sku) is not null then [{
                'product_id': message.properties.product_id,
                'sku': message.properties.sku,
                'name': message.properties.name,
                'brand': message.properties.brand,
                'category': message.properties.category,
                'price': message.properties.price,
                'quantity': message.properties.quantity
            }]
            else []
        end as products,
        message.traits,
        try_cast(coalesce(message.timestamp, message.originalTimestamp) as timestamptz) as sent_at,
        try_cast(message.receivedAt as timestamptz) as received_at
    from parsed

)

select * from final
