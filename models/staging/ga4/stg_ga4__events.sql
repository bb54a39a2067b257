{{ config(enabled=source_is_enabled('ga4')) }}

-- One row an item of an event: an order of three items is three lines that share the order_id. The export has no event
-- id; one is made of the whole row and the place of the item in it.
with

events as (

    select * from {{ ref('base_ga4__events') }}

),

event_names as (
    {{ event_names('ga4') }}
),

lines as (

    select
        events.* exclude (items),
        len(events.items) as count_items,
        line_numbers.line_no,
        events.items[line_numbers.line_no] as item
    from events
    cross join lateral (
        select unnest(range(1, greatest(len(events.items), 1) + 1)) as line_no
    ) as line_numbers

),

final as (

    select
        'ga4' as source,
        md5(coalesce(lines.row_json, 'no JSON'))
        || case when lines.line_no > 1 then '-' || lines.line_no else '' end as event_id,
        lines.user_id as customer_id,
        lines.user_pseudo_id as device_id,

        lines.event_at,
        coalesce(lines.received_at, timestamptz '1970-01-01 00:00:00+00') as received_at,

        coalesce(event_names.event_type, lines.source_event_name) as event_type,
        nullif(lines.item.item_id, '(not set)') as item_id,
        lines.transaction_id as order_id,

        lines.item.quantity,
        lines.item.price as unit_price,
        -- Only purchases and refunds move money; the value of an event stands for it where no items are listed.
        case
            when event_names.event_type = 'purchase' then coalesce(
                lines.item.item_revenue,
                lines.item.price * coalesce(lines.item.quantity, 1),
                case when lines.count_items <= 1 then coalesce(lines.purchase_revenue, lines.event_value) end
            )
            when event_names.event_type = 'refund' then coalesce(
                lines.item.item_refund,
                lines.item.price * coalesce(lines.item.quantity, 1),
                case when lines.count_items <= 1 then coalesce(lines.refund_value, lines.event_value) end
            )
        end as amount,

        lines.currency,
        lines.user_pseudo_id || '.' || lines.ga_session_id as session_hint,
        lines.medium as channel,
        lines.device_category as device,
        lines.country,
        cast(json_object(
            'source_event_name', lines.source_event_name,
            'page_location', lines.page_location,
            'search_term', lines.search_term
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
