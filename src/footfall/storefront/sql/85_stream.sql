-- The stream as the collector delivers it: every event, some of them twice, and rows that a sender has
-- spoiled, in the order of arrival.

create temp table spoiled as

with

keyed as (

    select
        *,
        child(root('spoiling'), event_no) as spoil_key
    from events

),

chosen as (

    select
        *,
        uniform(spoil_key, 'kind') as kind_draw
    from keyed
    where
        uniform(spoil_key, 'spoil') < case
            when event_type in ('purchase', 'add_to_cart') then 6 * getvariable('malformed_share')
            else getvariable('malformed_share')
        end

)

select
    *,
    case
        when event_type in ('purchase', 'add_to_cart') and kind_draw < 0.5
            then ['negative_quantity', 'negative_price'][1 + floor(kind_draw * 4)::integer]
        else
            [
                'missing_event_at', 'epoch_event_at', 'future_event_at', 'unknown_event_type', 'missing_event_type',
                'no_identity'
            ][1 + floor(uniform(spoil_key, 'other kind') * 6)::integer]
    end as reason
from chosen;

create table truth_storefront.truth_event_stream as

with

arrivals as (

    select * exclude (again_us)
    from events

    union all by name

    select * exclude (again_us) replace (again_us as received_us)
    from events
    where again_us is not null

    union all by name

    select
        spoiled.* exclude (again_us, spoil_key, kind_draw, reason) replace (
            spoiled_event_no(spoiled.event_no) as event_no,
            case spoiled.reason
                when 'missing_event_at' then null
                when 'epoch_event_at' then 0
                when 'future_event_at' then spoiled.at_us + 70 * 365 * getvariable('day_us')
                else spoiled.at_us
            end as at_us,
            as_event_type(case spoiled.reason
                when 'unknown_event_type'
                    then ['clik', 'page_vieww', 'purchse'][1 + floor(uniform(spoiled.spoil_key, 'slip') * 3)::integer]
                when 'missing_event_type' then null
                else spoiled.event_type::varchar
            end) as event_type,
            case when spoiled.reason <> 'no_identity' then spoiled.person_no end as person_no,
            case when spoiled.reason <> 'no_identity' then spoiled.device_no end as device_no,
            case when spoiled.reason = 'negative_quantity' then -spoiled.quantity else spoiled.quantity end as quantity,
            case
                when spoiled.reason = 'negative_price' then -spoiled.price_cents
                else spoiled.price_cents
            end as price_cents
        )
    from spoiled

),

ordered as (

    select
        arrivals.*,
        texts.body as message_text
    from arrivals
    left outer join texts on arrivals.event_no = texts.event_no
    where arrivals.received_us < getvariable('end_us')
    order by arrivals.received_us, arrivals.event_no

)

select
    event_id(event_no) as event_id,
    customer_id(person_no) as customer_id,
    device_id(device_no) as device_id,
    make_timestamptz(at_us) as event_at,
    make_timestamptz(received_us) as received_at,
    event_type::varchar as event_type,
    item_id(item_no) as item_id,
    case when has_order then order_id(event_no // 4096 % 562949953421312) end as order_id,
    quantity::double as quantity,
    case when event_type not in ('payment', 'chargeback') then price_cents / 100.0 end as unit_price,
    discount_cents / 100.0 as discount,
    case
        when event_type in ('purchase', 'refund') then (quantity * price_cents - discount_cents) / 100.0
        when event_type in ('payment', 'chargeback') then price_cents / 100.0
    end as amount,
    case when price_cents is not null then 'EUR' end as currency,
    case
        when device is not null and device_no % 3 <> 0 and event_type not in ('refund', 'review')
            then session_hint(event_no // 4096)
    end as session_hint,
    channel::varchar as channel,
    device::varchar as device,
    country::varchar as country,
    case when event_type = 'payment' then nullif(split_part(properties, '|', 2), '') end as card_token,
    case when event_type = 'payment' then nullif(split_part(properties, '|', 3), '') end as address_token,
    case when event_type = 'payment' then split_part(properties, '|', 4) end as ip_token,
    case when event_type = 'payment' then nullif(split_part(properties, '|', 5), '') end as terminal_token,
    case when event_type = 'payment' then nullif(split_part(properties, '|', 6), '') end as card_country,
    message_text,
    case when event_type = 'payment' then split_part(properties, '|', 1) else properties end as properties
from ordered;
