-- The stream as the collector delivers it: every event, some of them twice, and rows that a sender has
-- spoiled, in the order of arrival.

create temp table spoiled as

with

chosen as (

    select
        *,
        uniform(event_key, 'spoil kind') as kind_draw
    from events
    where
        uniform(event_key, 'spoil') < case
            when event_type in ('purchase', 'add_to_cart') then 6 * getvariable('malformed_share')
            else getvariable('malformed_share')
        end

),

final as (

    select
        *,
        case
            when event_type = 'purchase' and kind_draw < 0.5
                then ['negative_quantity', 'negative_price', 'missing_item'][1 + floor(kind_draw * 6)::integer]
            when event_type = 'add_to_cart' and kind_draw < 0.5
                then ['negative_quantity', 'negative_price'][1 + floor(kind_draw * 4)::integer]
            else
                [
                    'missing_event_at', 'epoch_event_at', 'future_event_at', 'unknown_event_type', 'missing_event_type',
                    'no_identity',
                ][1 + floor(uniform(event_key, 'spoil generic') * 6)::integer]
        end as reason
    from chosen

)

select * from final;

create table truth_storefront.truth_event_stream as

with

arrivals as (

    select
        events.* exclude (event_key),
        make_timestamptz(events.at_us) as event_at
    from events

    union all by name

    -- The same event once more, seconds to days later
    select
        events.* exclude (event_key) replace (
            events.received_us + 1000000 + (5 * 3600 * exponential(events.event_key, 'again delay'))::bigint * 1000000
                as received_us
        ),
        make_timestamptz(events.at_us) as event_at
    from events
    where uniform(events.event_key, 'again') < getvariable('duplicate_share')

    union all by name

    select
        spoiled.* exclude (event_key, kind_draw, reason) replace (
            spoiled.event_no + 2305843009213693952 as event_no,
            case spoiled.reason
                when 'unknown_event_type'
                    then ['clik', 'page_vieww', 'purchse'][1 + (spoiled.event_key % 3)::integer]
                when 'missing_event_type' then null
                else spoiled.event_type
            end as event_type,
            case when spoiled.reason <> 'no_identity' then spoiled.person_no end as person_no,
            case when spoiled.reason <> 'no_identity' then spoiled.device_no end as device_no,
            case when spoiled.reason <> 'missing_item' then spoiled.item_no end as item_no,
            case when spoiled.reason = 'negative_quantity' then -spoiled.quantity else spoiled.quantity end as quantity,
            case when spoiled.reason = 'negative_price' then -spoiled.price_cents else spoiled.price_cents end as price_cents
        ),
        case spoiled.reason
            when 'missing_event_at' then null
            when 'epoch_event_at' then timestamptz '1970-01-01 00:00:00+00'
            when 'future_event_at' then make_timestamptz(spoiled.at_us + 70 * 365 * getvariable('day_us'))
            else make_timestamptz(spoiled.at_us)
        end as event_at
    from spoiled

),

ordered as (

    select *
    from arrivals
    where received_us < getvariable('end_us')
    order by received_us, event_no

)

select
    'e' || to_hex(hash(event_no::ubigint)) as event_id,
    'c' || (100000 + person_no) as customer_id,
    case when device_no is not null then 'd' || to_hex(hash((device_no + 4000000000)::ubigint)) end as device_id,
    event_at,
    make_timestamptz(received_us) as received_at,
    event_type,
    'i' || (100000 + item_no) as item_id,
    case when order_no is not null then 'o' || to_hex(hash(order_no::ubigint)) end as order_id,
    quantity::double as quantity,
    price_cents / 100.0 as unit_price,
    discount_cents / 100.0 as discount,
    case
        when event_type in ('purchase', 'refund') then (quantity * price_cents - discount_cents) / 100.0
    end as amount,
    case when price_cents is not null then 'EUR' end as currency,
    case
        when device is not null and device_no % 3 <> 0 and event_type not in ('campaign', 'refund', 'review')
            then 's' || to_hex(hash((event_no // 4096 % 562949953421312)::ubigint))
    end as session_hint,
    channel,
    device,
    country,
    properties
from ordered;
