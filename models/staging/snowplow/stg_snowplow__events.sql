{{ config(enabled=source_is_enabled('snowplow')) }}

-- What is done to products is one row a product entity; a list that is looked at stays one event. The
-- derived time is the device's, corrected for its clock.
with

lines as (

    select * from {{ ref('base_snowplow__lines') }}

),

-- The value of a whole order replaces it where its products, or their prices, are not listed: they share it by pieces.
-- The total of the first e-commerce calls has shipping and tax in it, which do not count.
valued as (

    select
        lines.*,
        case when lines.experiment_id is not null then 'exposure' else lines.event_type end as act_type,
        lines.price * coalesce(lines.quantity, 1e0) as line_value,
        {{ snowplow_paid_share('lines') }} as paid_share,
        case
            when coalesce(lines.products_value, 0e0) = 0e0
                then (lines.revenue - case when lines.event.tr_total is null then 0e0 else lines.extra_charges end)
                    * {{ share_of_whole('lines', 'count_products') }}
        end as order_value,
        case
            when lines.count_products <= 1 or coalesce(lines.products_value, 0e0) = 0e0
                then lines.refund_amount * {{ share_of_whole('lines', 'count_products') }}
        end as refunded_value
    from lines

),

final as (

    select
        'snowplow' as source,
        coalesce(valued.event_id, {{ made_id('snowplow', {
            'customer_id': 'valued.user_id',
            'device_id': 'valued.device_id',
            'event_at': microseconds_of('valued.derived_at'),
            'received_at': microseconds_of('valued.collected_at'),
            'sequence_no': 'valued.event_index',
            'event_type': 'valued.source_event_name',
            'item_id': 'valued.item_id',
            'order_id': 'valued.order_id',
            'quantity': 'valued.quantity',
            'unit_price': 'valued.price',
            'amount': 'coalesce(valued.revenue, valued.refund_amount)',
            'session_hint': 'valued.session_id',
            'channel': 'valued.medium',
            'device': 'valued.device_type',
            'country': 'valued.country',
            'page_url': 'valued.page_url'
        }) }})
        || case when valued.line_no > 1 then '-' || valued.line_no else '' end as event_id,
        valued.user_id as customer_id,
        valued.device_id,

        coalesce(valued.derived_at, valued.collected_at) as event_at,
        coalesce(valued.collected_at, valued.derived_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        valued.event_index as sequence_no,

        valued.act_type as event_type,
        valued.item_id,
        valued.order_id,

        valued.quantity,
        coalesce(valued.list_price, valued.price) as unit_price,
        case
            when valued.event_type = 'purchase' then coalesce(valued.order_value, valued.line_value * valued.paid_share)
            when valued.event_type = 'refund'
                then coalesce(
                        valued.refunded_value,
                        case when valued.refund_amount is not null then valued.line_value * valued.paid_share end
                    )
        end as amount,
        -- Without an amount of the refund its products have the prices that they are sold at.
        case
            when valued.event_type = 'refund' and valued.refund_amount is null then valued.line_value
        end as listed_amount,

        upper(coalesce(
            {{ event_text('valued.order_entity.currency') }},
            {{ event_text('valued.refund_entity.currency') }},
            {{ event_text('valued.product.currency') }},
            {{ event_text('valued.cart.currency') }},
            {{ event_text('valued.event.tr_currency') }},
            {{ event_text('valued.event.ti_currency') }}
        )) as currency,
        valued.session_id as session_hint,
        cast(null as string) as channel,
        valued.traffic_source,
        valued.traffic_medium,
        valued.campaign,
        valued.landing_page,
        case valued.device_type when 'computer' then 'desktop' else valued.device_type end as device,
        valued.country,
        {{ payment_columns_with_ip('valued.event_type', event_text('valued.event.user_ipaddress')) }},
        -- Items of the first e-commerce calls are events of their own.
        {{ event_of_lines('valued.act_type', 'case when valued.event.ti_orderid is null then coalesce(valued.event_id, '
            ~ made_id('snowplow', {
                'customer_id': 'valued.user_id',
                'device_id': 'valued.device_id',
                'event_at': microseconds_of('valued.derived_at'),
                'received_at': microseconds_of('valued.collected_at'),
                'sequence_no': 'valued.event_index',
                'event_type': 'valued.source_event_name',
                'order_id': 'valued.order_id',
                'amount': 'coalesce(valued.revenue, valued.refund_amount)',
                'products': 'valued.products'
            }) ~ ') end') }} as source_event_id,
        {{ no_texts(['message_text']) }},
        {{ snowplow_properties('valued') }} as properties,
        valued.row_json as raw_row,
        case
            when valued.row_json is null then 'the line is no JSON'
            else coalesce(valued.line_problem, valued.name_problem, {{ nobody_problem(
                'valued.is_anonymous', 'valued.event_type', ['valued.user_id', 'valued.device_id'], 'tracked anonymously'
            ) }})
        end as rejection,
        {{ joined_notes(
            [
                'case when valued.line_no = 1 then valued.value_notes end', 'valued.line_notes',
                value_notes(snowplow_order_notes('valued') + refund_value_notes(
                    'refund_amount', 'valued.refund_amount', 'valued.products_value',
                    "valued.line_no = 1 and valued.event_type = 'refund' and valued.count_products > 1"
                ) + shared_value_notes(
                    'revenue', 'valued', 'count_products', 'products_value',
                    "case when valued.event_type = 'purchase' then valued.revenue end"
                ) + [{
                    'column': 'experiment', 'example': none,
                    'reason': "'an exposure of its own, which is one row more than the files have'",
                    'when': "(valued.experiment_id is not null and valued.event_type <> 'exposure')"
                }])
            ]
        ) }} as value_notes
    from valued

)

select * from final
