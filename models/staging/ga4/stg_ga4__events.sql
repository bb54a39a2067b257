{{ config(enabled=source_is_enabled('ga4')) }}

-- What is done to items is one row an item: an order of three is three lines that share the order_id. A list or a
-- cart that is looked at stays one event. The export has no event id; one is made of what does not
-- change when Google writes a day anew, and of the item and its place.
with

lines as (

    select * from {{ ref('base_ga4__lines') }}

),

-- The value of a whole order replaces it where its items, or their prices, are not listed: they share it by pieces.
valued as (

    select
        lines.*,
        lines.unit_price * coalesce(lines.quantity, 1e0) as line_value,
        case
            when coalesce(lines.items_value, 0e0) = 0e0
                then coalesce(lines.purchase_revenue, lines.event_value) * {{ share_of_whole('lines', 'count_items') }}
        end as order_value,
        case
            when coalesce(lines.items_value, 0e0) = 0e0
                then coalesce(lines.refund_value, lines.event_value) * {{ share_of_whole('lines', 'count_items') }}
        end as refunded_value,
        coalesce(lines.refund_value, lines.event_value) > 0e0 as has_refund_value
    from lines

),

{% set ids_of_event = {
    'stream_id': 'valued.stream_id',
    'customer_id': 'case when valued.user_pseudo_id is null then valued.user_id end',
    'device_id': 'valued.user_pseudo_id',
    'session_hint': 'valued.ga_session_id',
    'event_type': 'valued.source_event_name',
    'event_at': microseconds_of('valued.event_at'),
    'sequence_no': 'valued.sequence_no',
    'params': 'valued.params_text',
    'order_id': 'valued.transaction_id'
} -%}
final as (

    select
        'ga4' as source,
        -- Of what does not change when Google restates a day: it fills in places, traffic sources and users later.
        {{ made_id('ga4', dict(ids_of_event, item_id='valued.item_id', line_no='valued.line_no')) }} as event_id,
        valued.user_id as customer_id,
        valued.user_pseudo_id as device_id,

        valued.event_at,
        coalesce(valued.received_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        valued.sequence_no,

        valued.event_type,
        valued.item_id,
        valued.transaction_id as order_id,

        valued.quantity,
        valued.unit_price,
        -- Only purchases and refunds move money.
        case
            when valued.event_type = 'purchase'
                then coalesce(
                        valued.order_value, coalesce(valued.item_revenue, valued.line_value) * valued.paid_share
                    )
            when valued.event_type = 'refund'
                then coalesce(
                        valued.refunded_value,
                        valued.item_refund,
                        case when valued.has_refund_value then valued.line_value * valued.paid_share end
                    )
        end as amount,
        -- Without any of these, items of refunds have list prices.
        case
            when valued.event_type = 'refund'
                and valued.has_refund_value is not true
                and coalesce(valued.refunded_value, valued.item_refund) is null
                then valued.line_value
        end as listed_amount,

        valued.currency,
        cast(valued.ga_session_id as string) as session_hint,
        valued.channel_group as channel,
        valued.traffic_source,
        valued.traffic_medium,
        valued.campaign,
        valued.landing_page,
        valued.device_category as device,
        valued.country,
        {{ no_texts(payment_columns()) }},
        {{ event_of_lines('valued.event_type', made_id('ga4', ids_of_event)) }} as source_event_id,
        {{ no_texts(['message_text']) }},
        {{ ga4_properties('valued') }} as properties,
        valued.row_json as raw_row,
        case
            when valued.row_json is null then 'the line is no JSON'
            when valued.is_superseded then 'superseded: the daily table of the day is there'
            else coalesce(valued.line_problem, valued.name_problem, {{ nobody_problem(
                'valued.lacks_consent', 'valued.event_type', ['valued.user_id', 'valued.user_pseudo_id'], 'no consent'
            ) }})
        end as rejection,
        {{ joined_notes(
            ['case when valued.line_no = 1 then valued.value_notes end', 'valued.line_notes']
        ) }} as value_notes
    from valued

)

select * from final
