{{ config(enabled=source_is_enabled('snowplow')) }}

-- Enriched events with the self-describing parts taken apart: the e-commerce action, and the entities that came with
-- it. Other entities are left where they are.
{%- set found = {
    'event_id': text_column('described.event.event_id'),
    'customer_id': text_column('described.event.user_id'),
    'domain_userid': text_column('described.event.domain_userid'),
    'network_userid': text_column('described.event.network_userid'),
    'session_hint': text_column('described.event.domain_sessionid'),
    'channel': text_column('described.event.mkt_medium'),
    'traffic_source': text_column('coalesce(described.event.mkt_source, described.event.refr_source)'),
    'campaign': text_column('described.event.mkt_campaign'),
    'refr_medium': text_column('described.event.refr_medium'),
    'device': text_column('described.event.dvce_type'),
    'country': text_column('described.event.geo_country'),
    'derived_tstamp': text_column('described.event.derived_tstamp'),
    'collector_tstamp': text_column('described.event.collector_tstamp')
} %}
with

input_rows as (
    {{ read_input_as_json(source('snowplow', 'events'), 'snowplow_path') }}
),

parsed as (

    select
        input_rows.row_json,
        {{ computed_once(parsed_json('input_rows.row_json', {
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
            'mkt_source': 'string',
            'mkt_campaign': 'string',
            'refr_source': 'string',
            'refr_medium': 'string',
            'dvce_type': 'string',
            'geo_country': 'string',
            'unstruct_event': 'string',
            'contexts': 'string'
        })) }} as event
    from input_rows

),

-- The two self-describing columns are JSON texts of their own.
with_entities as (

    select
        parsed.row_json,
        parsed.event,
        {{ computed_once(
            'case when ' ~ is_json('parsed.event.unstruct_event') ~ ' then '
            ~ parsed_json('parsed.event.unstruct_event', {'data': {'schema': 'string', 'data': 'json'} }) ~ '.data end'
        ) }} as action,
        {{ computed_once(
            'case when ' ~ is_json('parsed.event.contexts') ~ ' then '
            ~ parsed_json('parsed.event.contexts', {'data': [{'schema': 'string', 'data': 'json'}]}) ~ '.data end'
        ) }} as entities
    from parsed

),

described as (

    select
        described.*,
        {{ clean_texts(
            found, ids=['event_id', 'session_hint'], owners=['customer_id', 'domain_userid', 'network_userid']
        ) }}
    from with_entities as described

),

{% set clean = cleaned(
    found, 'described', ['customer_id', 'domain_userid', 'event_id', 'network_userid', 'session_hint']
) -%}
final as (

    select
        described.row_json,
        {{ id_value(clean.event_id) }} as event_id,
        {{ owner_id_value(clean.customer_id) }} as user_id,
        coalesce({{ owner_id_value(clean.domain_userid) }}, {{ owner_id_value(clean.network_userid) }}) as device_id,
        {{ id_value(clean.session_hint) }} as session_id,
        case
            when described.action.schema like '%/snowplow_ecommerce_action/%'
                then {{ json_text('described.action.data', '$.type') }}
            else coalesce(
                    {{ text_value(text_column('described.event.event_name')) }},
                    {{ text_value(text_column('described.event.event')) }}
                )
        end as source_event_name,
        {{ text_value(text_column('described.event.page_url')) }} as page_url,
        coalesce({{ text_value(clean.channel) }}, {{ text_value(clean.refr_medium) }}) as medium,
        {{ text_value(clean.traffic_source) }} as traffic_source,
        coalesce({{ text_value(clean.channel) }}, {{ text_value(clean.refr_medium) }}) as traffic_medium,
        {{ text_value(clean.campaign) }} as campaign,
        {{ page_path('described.event.page_url') }} as landing_page,
        lower({{ text_value(clean.device) }}) as device_type,
        {{ text_value(clean.country) }} as country,
        {{ computed_once(snowplow_entities('product')) }} as products,
        {{ computed_once(parsed_json(
            list_item(snowplow_entities('transaction'), '1') ~ '.data',
            {'transaction_id': 'string', 'revenue': 'string', 'currency': 'string'}
        )) }} as order_entity,
        {{ computed_once(parsed_json(
            list_item(snowplow_entities('refund'), '1') ~ '.data',
            {'transaction_id': 'string', 'refund_amount': 'string', 'currency': 'string'}
        )) }} as refund_entity,
        {{ parsed_json(
            list_item(snowplow_entities('client_session', 'snowplow'), '1') ~ '.data', {'eventIndex': 'bigint'}
        ) }}.eventindex as event_index,
        {{ time_value(clean.derived_tstamp) }} as derived_at,
        {{ time_value(clean.collector_tstamp) }} as collected_at,
        {{ first_problem([
            'described.footfall_id_problem',
            time_problem('derived_tstamp', clean.derived_tstamp),
            time_problem('collector_tstamp', clean.collector_tstamp)
        ]) }} as value_problem,
        {{ value_notes(nothing_notes(clean, ['customer_id', 'domain_userid', 'network_userid'])) }} as value_notes
    from described

)

select * from final
