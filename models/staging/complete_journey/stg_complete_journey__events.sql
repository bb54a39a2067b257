{{ config(enabled=source_is_enabled('complete_journey')) }}

-- Till lines of a grocer. Times are the shop's own and without a zone; they are taken as UTC, because the publisher
-- names no zone and hours keep their meaning that way.
with

transactions as (

    select * from {{ complete_journey_file(source('complete_journey', 'transactions')) }}

),

campaign_events as (

    select * from {{ ref('base_complete_journey__campaign_events') }}

),

-- sales_value is what the shop takes for the line: after the loyalty discount and the shop's own match of a coupon,
-- before the maker's coupon (the shop gets that money back). The shelf price is what it was before both.
-- A basket holds a product once, so the two make the id. Lines of quantity 0 are scanned coupons and goods that were
-- taken back at the till; they are purchases of nothing, kept so that figures compare with published ones.
purchases as (

    select
        cast(basket_id as string) || '-' || cast(product_id as string) as event_id,
        cast(household_id as string) as customer_id,
        {{ utc_moment('transaction_timestamp') }} as event_at,
        'purchase' as event_type,
        cast(product_id as string) as item_id,
        cast(basket_id as string) as order_id,
        cast(quantity as double) as quantity,
        case
            when quantity > 0 then (sales_value + retail_disc + coupon_match_disc) / quantity
        end as unit_price,
        sales_value as amount,
        'store' as channel,
        {{ json_of({
            'store_id': 'store_id',
            'retail_discount': 'retail_disc',
            'coupon_discount': 'coupon_disc',
            'coupon_match_discount': 'coupon_match_disc'
        }) }} as properties,
        {{ json_of_row('transactions') }} as raw_row
    from transactions

),

stacked as (

    select * from purchases
    union all
    select * from campaign_events

),

final as (

    select
        'complete_journey' as source,
        event_id,
        customer_id,
        cast(null as string) as device_id,

        event_at,
        coalesce(event_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        cast(null as bigint) as sequence_no,

        event_type,
        item_id,
        order_id,

        quantity,
        unit_price,
        amount,
        cast(null as double) as listed_amount,

        'USD' as currency,
        cast(null as string) as session_hint,
        channel,
        {{ no_texts(visit_columns()) }},
        cast(null as string) as device,
        'US' as country,
        {{ no_texts(payment_columns() + ['source_event_id', 'message_text']) }},
        properties,
        raw_row,
        cast(null as string) as rejection,
        cast(null as string) as value_notes
    from stacked

)

select * from final
