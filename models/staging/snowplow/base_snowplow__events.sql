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
        {{ parsed_json('input_rows.row_json', {
            'event_id': 'string',
            'event': 'string',
            'event_name': 'string',
            'collector_tstamp': 'string',
            'derived_tstamp': 'string',
            'user_id': 'string',
            'domain_userid': 'string',
            'network_userid': 'string',
            'domain_sessionid': 'string',
            'page_url': 'string',
            'mkt_medium': 'string',
            'refr_medium': 'string',
            'dvce_type': 'string',
            'geo_country': 'string',
            'unstruct_event': 'string',
            'contexts': 'string'
        }) }} as event
    from input_rows

),

-- The two self-describing columns are JSON texts of their own.
described as (

    select
        parsed.row_json,
        parsed.event,
        case
            when {{ is_json('parsed.event.unstruct_event') }}
                then {{ parsed_json(
                    'parsed.event.unstruct_event', {'data': {'schema': 'string', 'data': 'json'} }
                ) }}.data
        end as action,
        case
            when {{ is_json('parsed.event.contexts') }}
                then {{ parsed_json('parsed.event.contexts', {'data': [{'schema': 'string', 'data': 'json'}]}) }}.data
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
                then {{ json_text('described.action.data', '$.type') }}
            else coalesce(nullif(described.event.event_name, ''), nullif(described.event.event, ''))
        end as source_event_name,
        nullif(described.event.page_url, '') as page_url,
        coalesce(nullif(described.event.mkt_medium, ''), nullif(described.event.refr_medium, '')) as medium,
        lower(nullif(described.event.dvce_type, '')) as device_type,
        nullif(described.event.geo_country, '') as country,
        {{ snowplow_entities('product') }} as products,
        {{ parsed_json(
            list_item(snowplow_entities('transaction'), '1') ~ '.data',
            {'transaction_id': 'string', 'revenue': 'double', 'currency': 'string'}
        ) }} as order_entity,
        {{ parsed_json(
            list_item(snowplow_entities('refund'), '1') ~ '.data',
            {'transaction_id': 'string', 'refund_amount': 'double', 'currency': 'string'}
        ) }} as refund_entity,
        {{ parsed_json(
            list_item(snowplow_entities('client_session', 'snowplow'), '1') ~ '.data', {'eventIndex': 'bigint'}
        ) }}.eventindex as event_index,
        try_cast(nullif(described.event.derived_tstamp, '') as {{ moment_type() }}) as derived_at,
        try_cast(nullif(described.event.collector_tstamp, '') as {{ moment_type() }}) as collected_at
    from described

)

select * from final
