{{ config(enabled=source_is_enabled('segment')) }}

-- One row a product of a message. The discount of an order is spread over its lines by their price.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

event_names as (
    {{ event_names('segment') }}
),

lines as (

    select
        messages.* exclude (products),
        len(messages.products) as count_products,
        line_numbers.line_no,
        messages.products[line_numbers.line_no] as product,
        list_sum(
            list_transform(messages.products, lambda product: product.price * coalesce(product.quantity, 1))
        ) as products_value
    from messages
    cross join lateral (
        select unnest(range(1, greatest(len(messages.products), 1) + 1)) as line_no
    ) as line_numbers

),

final as (

    select
        'segment' as source,
        coalesce(lines.message_id, md5(coalesce(lines.row_json, 'no JSON')))
        || case when lines.line_no > 1 then '-' || lines.line_no else '' end as event_id,
        lines.user_id as customer_id,
        lines.anonymous_id as device_id,

        lines.sent_at as event_at,
        coalesce(lines.received_at, lines.sent_at, timestamptz '1970-01-01 00:00:00+00') as received_at,

        coalesce(event_names.event_type, lines.source_event_name) as event_type,
        coalesce(lines.product.product_id, lines.product.sku) as item_id,
        lines.order_id,

        lines.product.quantity,
        lines.product.price as unit_price,
        case
            when event_names.event_type = 'purchase' then coalesce(
                lines.product.price * coalesce(lines.product.quantity, 1)
                * case
                    when lines.products_value > 0 then greatest(1 - lines.discount / lines.products_value, 0)
                    else 1
                end,
                case when lines.count_products <= 1 then lines.total end
            )
            when event_names.event_type = 'refund' then coalesce(
                lines.product.price * coalesce(lines.product.quantity, 1),
                case when lines.count_products <= 1 then lines.total end
            )
        end as amount,

        lines.currency,
        lines.session_id as session_hint,
        lines.medium as channel,
        case lines.device_type when 'ios' then 'mobile' when 'android' then 'mobile' else lines.device_type end as device,
        lines.country,
        cast(json_object(
            'source_event_name', lines.source_event_name,
            'page_url', lines.page_url,
            'search_query', lines.search_query
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
