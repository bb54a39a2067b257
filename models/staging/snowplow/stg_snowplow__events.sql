{{ config(enabled=source_is_enabled('snowplow')) }}

-- One row a product entity of an event. The derived time is the device's, corrected for its clock.
with

events as (

    select * from {{ ref('base_snowplow__events') }}

),

event_names as (
    {{ event_names('snowplow') }}
),

lines as (

    select
        events.* exclude (products),
        len(coalesce(events.products, [])) as count_products,
        line_numbers.line_no,
        {{ snowplow_product('events.products[line_numbers.line_no].data') }} as product
    from events
    cross join lateral (
        select unnest(range(1, greatest(len(coalesce(events.products, [])), 1) + 1)) as line_no
    ) as line_numbers

),

final as (

    select
        'snowplow' as source,
        coalesce(lines.event_id, md5(coalesce(lines.row_json, 'no JSON')))
        || case when lines.line_no > 1 then '-' || lines.line_no else '' end as event_id,
        lines.user_id as customer_id,
        lines.device_id,

        coalesce(lines.derived_at, lines.collected_at) as event_at,
        coalesce(lines.collected_at, lines.derived_at, timestamptz '1970-01-01 00:00:00+00') as received_at,

        coalesce(event_names.event_type, lines.source_event_name) as event_type,
        lines.product.id as item_id,
        coalesce(lines.order_entity.transaction_id, lines.refund_entity.transaction_id) as order_id,

        lines.product.quantity,
        coalesce(lines.product.list_price, lines.product.price) as unit_price,
        case
            when event_names.event_type = 'purchase' then coalesce(
                lines.product.price * coalesce(lines.product.quantity, 1),
                case when lines.count_products <= 1 then lines.order_entity.revenue end
            )
            when event_names.event_type = 'refund' then coalesce(
                case when lines.count_products <= 1 then lines.refund_entity.refund_amount end,
                lines.product.price * coalesce(lines.product.quantity, 1)
            )
        end as amount,

        coalesce(lines.order_entity.currency, lines.refund_entity.currency, lines.product.currency) as currency,
        lines.session_id as session_hint,
        lines.medium as channel,
        case lines.device_type when 'computer' then 'desktop' else lines.device_type end as device,
        lines.country,
        cast(json_object(
            'source_event_name', lines.source_event_name,
            'page_url', lines.page_url
        ) as varchar) as properties,
        lines.row_json as raw_row,
        case
            when lines.row_json is null then 'the line is no JSON'
            else {{ event_name_problem('lines.source_event_name') }}
        end as rejection
    from lines
    left join event_names on lower(lines.source_event_name) = event_names.source_event_name

)

select * from final
