{{ config(enabled=source_is_enabled('snowplow')) }}

-- Enriched events with the self-describing parts taken apart: the e-commerce action, and the entities that came with
-- it. Other entities are left where they are.
with

input_rows as (
    {{ read_input_as_json(source('snowplow', 'events'), 'snowplow_path') }}
),

parsed as (

    select
        row_json,
        json_transform(
            row_json,
            '{
                "event_id": "VARCHAR",
                "event": "VARCHAR",
                "event_name": "VARCHAR",
                "collector_tstamp": "VARCHAR",
                "derived_tstamp": "VARCHAR",
                "user_id": "VARCHAR",
                "domain_userid": "VARCHAR",
                "network_userid": "VARCHAR",
                "domain_sessionid": "VARCHAR",
                "page_url": "VARCHAR",
                "mkt_medium": "VARCHAR",
                "refr_medium": "VARCHAR",
                "dvce_type": "VARCHAR",
                "geo_country": "VARCHAR",
                "unstruct_event": "VARCHAR",
                "contexts": "VARCHAR"
            }'
        ) as event
    from input_rows

),

-- The two self-describing columns are JSON texts of their own.
described as (

    select
        row_json,
        event,
        case
            when json_valid(event.unstruct_event)
                then json_transform(event.unstruct_event, '{"data": {"schema": "VARCHAR", "data": "JSON"}}').data
        end as action,
        case
            when json_valid(event.contexts)
                then json_transform(event.contexts, '{"data": [{"schema": "VARCHAR", "data": "JSON"}]}').data
        end as entities
    from parsed

),

final as (

    select
        row_json,
        nullif(event.event_id, '') as event_id,
        nullif(event.user_id, '') as user_id,
        coalesce(nullif(event.domain_userid, ''), nullif(event.network_userid, '')) as device_id,
        nullif(event.domain_sessionid, '') as session_id,
        case
            when action.schema like '%/snowplow_ecommerce_action/%' then json_extract_string(action.data, '$.type')
            else coalesce(nullif(event.event_name, ''), nullif(event.event, ''))
        end as source_event_name,
        nullif(event.page_url, '') as page_url,
        coalesce(nullif(event.mkt_medium, ''), nullif(event.refr_medium, '')) as medium,
        lower(nullif(event.dvce_type, '')) as device_type,
        nullif(event.geo_country, '') as country,
        {{ snowplow_entities('product') }} as products,
        json_transform(
            {{ snowplow_entities('transaction') }}[1].data,
            '{"transaction_id": "VARCHAR", "revenue": "DOUBLE", "currency": "VARCHAR"}'
        ) as order_entity,
        json_transform(
            {{ snowplow_entities('refund') }}[1].data,
            '{"transaction_id": "VARCHAR", "refund_amount": "DOUBLE", "currency": "VARCHAR"}'
        ) as refund_entity,
        try_cast(nullif(event.derived_tstamp, '') as timestamptz) as derived_at,
        try_cast(nullif(event.collector_tstamp, '') as timestamptz) as collected_at
    from described

)

select * from final
