{{ config(enabled=source_is_enabled('snowplow')) }}

-- Enriched events with the self-describing parts taken apart: the e-commerce action, and the entities that came with
-- it. Other entities are left where they are.
with

input_rows as (
    {{ read_input_as_json(source('snowplow', 'events'), 'snowplow_path') }}
),

parsed as (

    select
        input_rows.row_json,
        json_transform(
            input_rows.row_json,
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
        parsed.row_json,
        parsed.event,
        case
            when json_valid(parsed.event.unstruct_event)
                then json_transform(parsed.event.unstruct_event, '{"data": {"schema": "VARCHAR", "data": "JSON"}}').data
        end as action,
        case
            when json_valid(parsed.event.contexts)
                then json_transform(parsed.event.contexts, '{"data": [{"schema": "VARCHAR", "data": "JSON"}]}').data
        end as entities
    from parsed

),

final as (

    select
        described.row_json,
        nullif(described.event.event_id, '') as event_id,
        nullif(described.event.user_id, '') as user_id,
        coalesce(nullif(described.event.domain_userid, ''), nullif(described.event.network_userid, '')) as device_id,
        nullif(described.event.domain_sessionid, '') as session_id,
        case
            when described.action.schema like '%/snowplow_ecommerce_action/%'
                then json_extract_string(described.action.data, '$.type')
            else coalesce(nullif(described.event.event_name, ''), nullif(described.event.event, ''))
        end as source_event_name,
        nullif(described.event.page_url, '') as page_url,
        coalesce(nullif(described.event.mkt_medium, ''), nullif(described.event.refr_medium, '')) as medium,
        lower(nullif(described.event.dvce_type, '')) as device_type,
        nullif(described.event.geo_country, '') as country,
        {{ snowplow_entities('product') }} as products,
        json_transform(
            {{ snowplow_entities('transaction') }}[1].data,
            '{"transaction_id": "VARCHAR", "revenue": "DOUBLE", "currency": "VARCHAR"}'
        ) as order_entity,
        json_transform(
            {{ snowplow_entities('refund') }}[1].data,
            '{"transaction_id": "VARCHAR", "refund_amount": "DOUBLE", "currency": "VARCHAR"}'
        ) as refund_entity,
        try_cast(nullif(described.event.derived_tstamp, '') as {{ moment_type() }}) as derived_at,
        try_cast(nullif(described.event.collector_tstamp, '') as {{ moment_type() }}) as collected_at
    from described

)

select * from final
