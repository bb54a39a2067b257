{{ config(materialized='view') }}

-- The accepted events that count, with the visitor they belong to: the customer where one is known, else the device.
-- What names an order alone is its buyer's.
with

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

decisions as (
    {{ newest_decisions(ref('int_order_decisions')) }}
),

links as (

    select * from {{ ref('int_identity_links') }}

),

final as (

    select
        accepted.event_id,
        accepted.source,
        accepted.anonymous_no,
        accepted.item_id,
        accepted.order_id,
        case when accepted.event_type = 'order_update' then 'purchase' else accepted.event_type end as event_type,
        accepted.currency,
        accepted.session_hint,
        accepted.channel,
        {{ prefixed('accepted', visit_columns()) | join(', ') }},
        accepted.device,
        accepted.country,
        {{ prefixed('accepted', payment_columns()) | join(', ') }},
        accepted.message_text,
        accepted.properties,
        accepted.quantity,
        accepted.unit_price,
        accepted.amount,
        accepted.listed_amount,
        accepted.event_at,
        accepted.shop_day,
        accepted.received_at,
        accepted.sequence_no,
        accepted.act_rank,
        accepted.loaded_at,
        decisions.ordered_at,
        accepted.customer_no is not null as is_named,
        coalesce(accepted.customer_no, decisions.customer_no, links.customer_no) as customer_no,
        coalesce(
            accepted.customer_no, decisions.customer_no, links.customer_no,
            accepted.anonymous_no, decisions.anonymous_no
        ) as visitor_no,
        -- The journey may know this today; nothing that is computed point in time may.
        accepted.customer_no is null
        and links.linked_on > accepted.shop_day as is_known_later
    from accepted
    -- Only events that belong to an order have to be looked up.
    left join decisions
        on accepted.order_id = decisions.order_id
        and accepted.event_id = decisions.event_id
        and accepted.source = decisions.source
    left join links
        on coalesce(accepted.anonymous_no, decisions.anonymous_no) = links.anonymous_no
        and accepted.customer_no is null
    where decisions.reason is null

)

select * from final
