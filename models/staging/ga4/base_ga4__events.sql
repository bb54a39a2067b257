{{ config(enabled=source_is_enabled('ga4')) }}

-- The nested export as one typed row an event. Parquet and JSON lines both go by JSON, so that a column that an older
-- export lacks is null and no error.
{%- set found = {
    'customer_id': text_column('parsed.event.user_id'),
    'device_id': text_column('parsed.event.user_pseudo_id'),
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
        {{ ga4_list('input_rows.row_json', 'event_params') }} as event_params,
        {{ ga4_list('input_rows.row_json', 'items') }} as items,
        {{ computed_once(parsed_json('input_rows.row_json', ga4_event_shape())) }} as event
    from input_rows

),

parsed as (

    select
        parsed.*,
        {{ ga4_traffic('parsed.event', 'parsed.event_params') }} as traffic,
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
        {{ ga4_params_text('parsed.event_params') }} as params_text,
        {{ event_text('parsed.event.event_name') }} as source_event_name,
        {{ owner_id_value(clean.customer_id) }} as user_id,
        {{ owner_id_value(clean.device_id) }} as user_pseudo_id,
        {{ text_value(clean.device) }} as device_category,
        {{ text_value(clean.country) }} as country,
        {{ event_text('parsed.event.session_traffic_source_last_click.cross_channel_campaign.default_channel_group') }}
            as channel_group,
        {{ list_item('parsed.traffic', '1') }} as traffic_source,
        {{ list_item('parsed.traffic', '2') }} as traffic_medium,
        {{ list_item('parsed.traffic', '3') }} as campaign,
        {{ page_path(ga4_param('page_location', 'string_value')) }} as landing_page,
        replace({{ text_value(clean.first_source) }}, '(direct)', 'direct') as first_user_source,
        upper({{ text_value(clean.currency) }}) as currency,
        {{ ga4_param('ga_session_id', 'int_value') }} as ga_session_id,
        {{ ga4_param('page_location', 'string_value') }} as page_location,
        {{ ga4_param('search_term', 'string_value') }} as search_term,
        {{ ga4_param('exp_variant_string', 'string_value') }} as arm_of_experiment,
        parsed.event.is_active_user,
        lower({{ event_text('parsed.event.privacy_info.analytics_storage') }}) = 'no' as lacks_consent,
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
        coalesce(parsed.items, {{ list_of([]) }}) as items,

        {{ ga4_moment('parsed.event.event_timestamp') }} as event_at,
        -- What was collected offline is uploaded later; the offset says how much later.
        {{ ga4_moment('parsed.event.event_timestamp', 'parsed.event.event_server_timestamp_offset') }} as received_at,
        {{ ga4_sequence_no('parsed.event') }} as sequence_no,

        {{ first_problem([
            'parsed.footfall_id_problem',
            ga4_list_problem('parsed.row_json', 'event_params', 'parsed.event_params'),
            ga4_list_problem('parsed.row_json', 'items', 'parsed.items'),
            number_problem('purchase_revenue', clean.purchase_revenue),
            number_problem('refund_value', clean.refund_value)
        ]) }} as value_problem,
        {{ value_notes(
            nothing_notes(clean, ['customer_id', 'device_id'])
        ) }} as value_notes
    from parsed

)

select * from final
