{{ config(enabled=source_is_enabled('complete_journey')) }}

-- What the grocer did to win households, and their answers: campaigns that were mailed to them, and coupons of these
-- that they redeemed. Times are the shop's own and are taken as UTC, like those of the till.
with

campaigns as (

    select * from {{ complete_journey_file(source('complete_journey', 'campaigns')) }}

),

campaign_descriptions as (

    select * from {{ complete_journey_file(source('complete_journey', 'campaign_descriptions')) }}

),

coupon_redemptions as (

    select * from {{ complete_journey_file(source('complete_journey', 'coupon_redemptions')) }}

),

campaign_mailings as (

    select
        concat_ws('-', 'campaign', campaigns.campaign_id, campaigns.household_id) as event_id,
        cast(campaigns.household_id as string) as customer_id,
        {{ utc_moment('campaign_descriptions.start_date') }} as event_at,
        'campaign' as event_type,
        cast(null as string) as item_id,
        cast(null as string) as order_id,
        cast(null as double) as quantity,
        cast(null as double) as unit_price,
        cast(null as double) as amount,
        'mail' as channel,
        {{ json_of({
            'action': "'sent'",
            'campaign_id': 'campaigns.campaign_id',
            'campaign_type': 'campaign_descriptions.campaign_type',
            'ends_on': 'cast(campaign_descriptions.end_date as date)'
        }) }} as properties,
        {{ json_of({
            'campaign_id': 'campaigns.campaign_id',
            'household_id': 'campaigns.household_id'
        }) }} as raw_row
    from campaigns
    left join campaign_descriptions on campaigns.campaign_id = campaign_descriptions.campaign_id

),

-- Redemptions are known by the day only. They say that a campaign was answered; their money is in the till lines.
redemptions as (

    select
        {{ made_id('complete_journey', {
            'customer_id': 'household_id',
            'event_at': microseconds_of(utc_moment('redemption_date')),
            'campaign_id': 'campaign_id',
            'coupon_upc': 'coupon_upc'
        }) }} as event_id,
        cast(household_id as string) as customer_id,
        {{ utc_moment('redemption_date') }} as event_at,
        'campaign' as event_type,
        cast(null as string) as item_id,
        cast(null as string) as order_id,
        cast(null as double) as quantity,
        cast(null as double) as unit_price,
        cast(null as double) as amount,
        'store' as channel,
        {{ json_of({
            'action': "'redeemed'",
            'campaign_id': 'campaign_id',
            'coupon_upc': 'coupon_upc'
        }) }} as properties,
        {{ json_of_row('coupon_redemptions') }} as raw_row
    from coupon_redemptions

),

final as (

    select * from campaign_mailings
    union all
    select * from redemptions

)

select * from final
