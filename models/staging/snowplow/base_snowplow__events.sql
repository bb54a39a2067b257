{{ config(enabled=source_is_enabled('snowplow')) }}

-- Events with the entities that count taken apart. Events of apps have no cookie: their visitor and session are in the
-- entity client_session. A known customer may be in the entity user alone.
{%- set found = {
    'event_id': text_column('identified.event.event_id'),
    'customer_id': text_column('identified.event.user_id'),
    'user_entity_id': text_column('identified.shop_user.id'),
    'domain_userid': text_column('identified.event.domain_userid'),
    'app_userid': text_column('coalesce(identified.app_session.userid, identified.app_session.user_id)'),
    'network_userid': text_column('identified.event.network_userid'),
    'session_hint': text_column('identified.event.domain_sessionid'),
    'app_session_id': text_column('coalesce(identified.app_session.sessionid, identified.app_session.session_id)'),
    'page_view_id': text_column('identified.web_page.id'),
    'channel': text_column('identified.event.mkt_medium'),
    'traffic_source': text_column('identified.event.mkt_source'),
    'campaign': text_column('identified.event.mkt_campaign'),
    'refr_medium': text_column('identified.event.refr_medium'),
    'device': text_column('identified.event.dvce_type'),
    'country': text_column('identified.event.geo_country'),
    'derived_tstamp': text_column('identified.event.derived_tstamp'),
    'collector_tstamp': text_column('identified.event.collector_tstamp')
} %}
{%- set ids = ['event_id', 'session_hint', 'app_session_id', 'page_view_id'] %}
{%- set owners = ['customer_id', 'user_entity_id', 'domain_userid', 'app_userid', 'network_userid'] %}
with

described as (

    select * from {{ ref('base_snowplow__rows') }}

),

with_entities as (

    select
        described.*,
        coalesce(
            described.action_type,
            {{ text_value(text_column('described.event.event_name')) }},
            {{ text_value(text_column('described.event.event')) }}
        ) as source_event_name,
        {{ computed_once(snowplow_entities('product')) }} as products,
        {{ computed_once(snowplow_experiments('described.entities')) }} as experiments,
        {{ snowplow_entity('transaction', {
            'transaction_id': 'string', 'revenue': 'string', 'currency': 'string', 'discount_amount': 'string',
            'tax': 'string', 'shipping': 'string'
        }) }} as order_entity,
        {{ snowplow_entity('refund', {
            'transaction_id': 'string', 'refund_amount': 'string', 'currency': 'string'
        }) }} as refund_entity,
        {{ snowplow_entity('cart', {'total_value': 'string', 'currency': 'string'}) }} as cart,
        {{ snowplow_entity('checkout_step', {
            'step': 'string', 'payment_method': 'string', 'delivery_method': 'string', 'coupon_code': 'string'
        }) }} as checkout_step,
        {{ snowplow_entity('user', {'id': 'string'}) }} as shop_user,
        {{ snowplow_entity('client_session', {
            'userId': 'string', 'user_id': 'string', 'sessionId': 'string', 'session_id': 'string',
            'eventIndex': 'bigint', 'event_index': 'bigint'
        }, vendor='snowplow') }} as app_session,
        {{ snowplow_entity('web_page', {'id': 'string'}, vendor='snowplow') }} as web_page
    from described

),

identified as (

    select
        identified.*,
        {{ clean_texts(found, ids=ids, owners=owners) }}
    from with_entities as identified

),

{% set clean = cleaned(found, 'identified', ids + owners) -%}
final as (

    select
        identified.row_json,
        -- A page is viewed once, however often its view is sent: its id says which view it is.
        case
            when identified.source_event_name = 'page_view' and {{ clean.page_view_id.sql }} is not null
                then concat_ws(
                        ' ', 'page_view', {{ clean.page_view_id.sql }},
                        coalesce({{ clean.domain_userid.sql }}, {{ clean.app_userid.sql }})
                    )
            else {{ id_value(clean.event_id) }}
        end as event_id,
        coalesce({{ owner_id_value(clean.customer_id) }}, {{ owner_id_value(clean.user_entity_id) }}) as user_id,
        coalesce(
            {{ owner_id_value(clean.domain_userid) }},
            {{ owner_id_value(clean.app_userid) }},
            {{ owner_id_value(clean.network_userid) }}
        ) as device_id,
        {{ is_only_zeros(event_text('identified.event.network_userid')) }} as is_anonymous,
        coalesce({{ id_value(clean.session_hint) }}, {{ id_value(clean.app_session_id) }}) as session_id,
        identified.source_event_name,
        {{ text_value(text_column('identified.event.page_url')) }} as page_url,
        -- A referrer within the shop is no channel.
        coalesce(
            {{ text_value(clean.channel) }}, nullif(lower({{ text_value(clean.refr_medium) }}), 'internal')
        ) as medium,
        {{ snowplow_traffic('identified.event', clean) }},
        {{ page_path('identified.event.page_url') }} as landing_page,
        lower({{ text_value(clean.device) }}) as device_type,
        {{ text_value(clean.country) }} as country,
        identified.products,
        identified.experiments,
        identified.order_entity,
        identified.refund_entity,
        identified.cart,
        identified.checkout_step,
        identified.event,
        coalesce(identified.app_session.eventindex, identified.app_session.event_index) as event_index,
        {{ time_value(clean.derived_tstamp) }} as derived_at,
        {{ time_value(clean.collector_tstamp) }} as collected_at,
        {{ first_problem([
            'identified.footfall_id_problem',
            snowplow_shape_problem('identified'),
            time_problem('derived_tstamp', clean.derived_tstamp),
            time_problem('collector_tstamp', clean.collector_tstamp)
        ]) }} as value_problem,
        {{ value_notes(nothing_notes(clean, owners)) }} as value_notes
    from identified

)

select * from final
