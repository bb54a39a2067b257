-- Events as numbers; names and texts come last. An event's number is its visit's number times 4096 plus
-- a place inside the visit, so that it needs no counting; visit 0 of a person holds what is not a visit.

create temp table registrations as

select
    people.person_no,
    coalesce(visits.identified_us, people.acquired_us) as registered_us
from people
left outer join visits
    on
        people.person_no = visits.person_no
        and visits.identity = 'registers'
where
    people.kind in ('customer', 'fraud', 'tester')
    and (people.is_known_before_start or visits.visit_no is not null);

-- The brand that is badly made from some day on, 45 to 100 days before the end: one of the four that had sold most
create temp table faulty_brand as

with

fault_starts as (

    select getvariable('end_us') - (45 + floor(55 * uniform(root('fault'), 'start')))::bigint * getvariable('day_us')
        as starts_us

),

brands as (

    select
        items.brand,
        fault_starts.starts_us,
        row_number() over (order by count(*) desc, items.brand asc) as brand_rank
    from order_lines
    inner join items on order_lines.item_no = items.item_no
    inner join visits on order_lines.visit_no = visits.visit_no
    inner join fault_starts on visits.paid_us < fault_starts.starts_us
    where
        order_lines.is_converted
        and order_lines.kind = 'customer'
    group by items.brand, fault_starts.starts_us

)

select
    brand,
    starts_us
from brands
qualify brand_rank = 1 + floor(uniform(root('fault'), 'brand') * least(4, count(*) over ()))::integer;

-- What follows an order: refunds, reviews, questions and surveys
create temp table after_sales as

with

payments as (

    select
        order_lines.*,
        coalesce(items.brand = faulty_brand.brand and visits.paid_us >= faulty_brand.starts_us, false) as is_faulty,
        visits.channel,
        visits.device,
        visits.device_no,
        visits.country,
        visits.paid_us
    from order_lines
    inner join visits on order_lines.visit_no = visits.visit_no
    inner join items on order_lines.item_no = items.item_no
    left outer join faulty_brand on items.brand = faulty_brand.brand
    where order_lines.is_converted

)

select
    visit_no,
    line_no,
    line_key,
    is_faulty,
    person_no,
    device_no,
    channel,
    device,
    country,
    item_no,
    quantity,
    price_cents,
    discount_cents,
    quality,
    case
        when
            uniform(line_key, 'refund') < case
                when kind = 'fraud' then getvariable('fraud_refund_probability')
                when abuses_refunds(kind, person_no) then getvariable('refund_abuse_probability')
                else
                    getvariable('refund_probability') * exp(-0.6 * quality)
                    + case when is_faulty then getvariable('fault_refund_probability') else 0 end
            end
            then paid_us + (
                (1.5 + case when is_faulty then 3 else 8 end * exponential(line_key, 'refund delay')) * 86400
            )::bigint * 1000000
    end as refunded_us,
    case
        when kind = 'customer' and uniform(line_key, 'review') < getvariable('review_probability')
            then paid_us + (
                -- What is broken is written about soon
                case when is_faulty then 0.4 else 1 end
                * (2 + 9 * exponential(line_key, 'review delay')) * 86400
            )::bigint * 1000000
    end as reviewed_us,
    case
        when line_no = 1 and uniform(line_key, 'support') < getvariable('support_probability')
            then paid_us + ((0.2 + 3 * exponential(line_key, 'support delay')) * 86400)::bigint * 1000000
    end as asked_us,
    case
        when kind = 'customer' and line_no = 1 and uniform(line_key, 'survey') < getvariable('survey_probability')
            then paid_us + ((4 + 5 * exponential(line_key, 'survey delay')) * 86400)::bigint * 1000000
    end as surveyed_us,
    -- What moves the answers to a survey
    0.8 * quality + normal(line_key, 'satisfaction') - case when is_faulty then 2.0 else 0 end as satisfaction
from payments;

create temp table events as

with

touch_events as (

    select
        touches.visit_no * 4096 + touches.view_no * 4 as event_no,
        visits.started_us + 1000000
        + (visits.pace * 1000000 * (touches.view_no - 1 + 0.6 * uniform(touches.view_key, 'moment')))::bigint as at_us,
        touches.item_no,
        touches.price_cents,
        touches.quantity,
        touches.is_carted,
        touches.is_removed,
        touches.is_wished,
        (visits.pace * 1000000)::bigint as pace_us,
        visits.started_us + (visits.pace * 1000000 * (visits.view_count + 0.2))::bigint as removed_us,
        visits.person_no,
        visits.device_no,
        visits.identified_us,
        visits.channel,
        visits.device,
        visits.country
    from touches
    inner join visits on touches.visit_no = visits.visit_no

),

expanded as (

    select
        *,
        unnest(case
            when is_removed then ['view', 'add_to_cart', 'remove_from_cart']
            when is_carted and is_wished then ['view', 'wishlist', 'add_to_cart']
            when is_carted then ['view', 'add_to_cart']
            when is_wished then ['view', 'wishlist']
            else ['view']
        end) as event_type
    from touch_events

),

item_events as (

    select
        event_no
        + case event_type when 'view' then 0 when 'wishlist' then 1 when 'add_to_cart' then 2 else 3 end as event_no,
        case event_type
            when 'view' then at_us
            when 'wishlist' then at_us + pace_us // 10
            when 'add_to_cart' then at_us + pace_us * 15 // 100
            else removed_us
        end as at_us,
        event_type,
        person_no,
        device_no,
        identified_us,
        channel,
        device,
        country,
        item_no,
        case when event_type in ('add_to_cart', 'remove_from_cart') then quantity end as quantity,
        case when event_type in ('add_to_cart', 'remove_from_cart') then price_cents end as price_cents
    from expanded

),

-- Steps of a visit that name no item. The places 3000 and up follow those of the views.
visit_steps as (

    select
        visit_no,
        3000 as place,
        'browse' as event_type,
        started_us as at_us
    from visits
    where kind = 'bot' or uniform(visit_key, 'entry') < 0.34

    union all

    select
        visit_no,
        3001 as place,
        'search' as event_type,
        started_us as at_us
    from visits
    where
        kind <> 'bot'
        and uniform(visit_key, 'entry') between 0.34 and 0.50

    union all

    select
        visit_no,
        3002 as place,
        'exposure' as event_type,
        started_us + 400000 as at_us
    from visits
    where experiment_no is not null

    union all

    select
        visit_no,
        3003 as place,
        'search' as event_type,
        started_us + (
            pace * 1000000 * (1.9 + floor(uniform(visit_key, 'search place') * (view_count - 2)))
        )::bigint as at_us
    from visits
    where
        kind <> 'bot'
        and view_count > 2
        and uniform(visit_key, 'search again') < 0.16

    union all

    select
        visit_no,
        3004 as place,
        case identity when 'registers' then 'register' else 'login' end as event_type,
        identified_us as at_us
    from visits
    where identity in ('registers', 'logs in')

    union all

    select
        visit_no,
        3005 as place,
        'checkout' as event_type,
        checkout_us as at_us
    from visits
    where reaches_checkout

    union all

    select
        visit_no,
        3006 as place,
        'support' as event_type,
        checkout_us + 7000000 as at_us
    from visits
    where
        reaches_checkout
        and uniform(visit_key, 'chat') < getvariable('support_chat_probability')

    union all

    select
        visit_no,
        3010 as place,
        'payment_error' as event_type,
        attempted_us as at_us
    from visits
    where has_payment_error

),

visit_events as (

    select
        visit_steps.visit_no * 4096 + visit_steps.place as event_no,
        visit_steps.at_us,
        visit_steps.event_type,
        visits.person_no,
        visits.device_no,
        visits.identified_us,
        visits.channel,
        visits.device,
        visits.country,
        case visit_steps.event_type
            when 'search'
                then
                    '{"query":"'
                    || ['coffee', 'dog food', 'face cream', 'detergent', 'pan', 'lamp', 'plants', 'puzzle'][
                        1 + case
                            when uniform(visits.visit_key, 'query') < 0.6 then visits.first_category_no
                            else floor(uniform(visits.visit_key, 'query category') * 8)::integer
                        end
                    ]
                    || '","results":'
                    || case when uniform(visits.visit_key, 'found') < 0.06 then '0' else '24' end
                    || '}'
            when 'exposure'
                then
                    '{"experiment":"' || experiments.experiment
                    || '","variant":"' || case when visits.is_treated then 'treatment' else 'control' end || '"}'
            when 'checkout'
                then
                    '{"browser":"'
                    || case visits.device
                        when 'iphone' then 'safari'
                        when 'android' then 'chrome'
                        else ['chrome', 'firefox', 'edge'][1 + floor(uniform(visits.visit_key, 'browser') * 3)::integer]
                    end
                    || '","load_ms":'
                    || (
                        (300 + 900 * uniform(visits.visit_key, 'load'))
                        * case when visits.is_slow_slice or visits.is_innocent_slow_slice then 8 else 1 end
                    )::integer
                    || '}'
            when 'payment_error' then '{"code":"' || payment_error_code(visits.visit_key) || '"}'
            when 'support' then '{"topic":"chat"}'
        end as properties,
        visit_steps.event_type = 'payment_error' as has_order
    from visit_steps
    inner join visits on visit_steps.visit_no = visits.visit_no
    left outer join experiments on visits.experiment_no = experiments.experiment_no

),

-- A payment, the error of fraudsters that follows it (those of customers are steps), and the money that the bank takes back
payment_events as (

    select
        visit_no * 4096 + place as event_no,
        at_us,
        'payment' as event_type,
        person_no,
        device_no,
        identified_us,
        channel,
        device,
        country,
        true as has_order,
        amount_cents as price_cents,
        -- What it names travels behind the properties: few events have any
        '{"method":"' || method || '"}'
        || '|' || coalesce(token('k', card_key), '')
        || '|' || coalesce(token('a', address_key), '')
        || '|' || token('n', network_key)
        || '|' || case when terminal_no is not null then token('t', child(root('terminal'), terminal_no)) else '' end
        || '|' || coalesce(card_country, '') as properties
    from payments

    union all by name

    select
        visit_no * 4096 + place + 1 as event_no,
        at_us + 1500000 as at_us,
        'payment_error' as event_type,
        person_no,
        device_no,
        identified_us,
        channel,
        device,
        country,
        true as has_order,
        '{"code":"declined"}' as properties
    from payments
    where
        is_declined
        and kind <> 'customer'

    union all by name

    select
        visit_no * 4096 + 3080 as event_no,
        charged_back_us as at_us,
        'chargeback' as event_type,
        person_no,
        charged_back_us as identified_us,
        country,
        true as has_order,
        amount_cents as price_cents
    from payments
    where charged_back_us is not null

),

staple_events as (

    select
        order_lines.visit_no * 4096 + 3030 + order_lines.line_no as event_no,
        visits.started_us
        + (visits.pace * 1000000 * (visits.view_count + 0.3 + 0.08 * order_lines.line_no))::bigint as at_us,
        visits.person_no,
        visits.device_no,
        visits.identified_us,
        visits.channel,
        visits.device,
        visits.country,
        order_lines.item_no,
        order_lines.quantity,
        order_lines.price_cents
    from order_lines
    inner join visits on order_lines.visit_no = visits.visit_no
    where order_lines.is_staple

),

purchase_events as (

    select
        order_lines.visit_no * 4096 + 3040 + order_lines.line_no as event_no,
        visits.paid_us as at_us,
        visits.person_no,
        visits.device_no,
        visits.identified_us,
        visits.channel,
        visits.device,
        visits.country,
        order_lines.item_no,
        true as has_order,
        order_lines.quantity,
        order_lines.price_cents,
        order_lines.discount_cents
    from order_lines
    inner join visits on order_lines.visit_no = visits.visit_no
    where order_lines.is_converted

),

campaign_events as (

    select
        deliveries.person_no * 16777216 + deliveries.campaign_no as event_no,
        deliveries.delivered_us as at_us,
        deliveries.person_no,
        '{"campaign":"' || campaigns.campaign || '","action":"delivered"}' as properties
    from deliveries
    inner join campaigns on deliveries.campaign_no = campaigns.campaign_no
    inner join registrations on deliveries.person_no = registrations.person_no
    where registrations.registered_us < deliveries.delivered_us

),

unioned as (

    select * from item_events

    union all by name

    select * from visit_events

    union all by name

    select * from payment_events

    union all by name

    select
        *,
        'add_to_cart' as event_type
    from staple_events

    union all by name

    select
        *,
        'purchase' as event_type
    from purchase_events

    union all by name

    select
        *,
        'campaign' as event_type,
        'email' as channel,
        at_us as identified_us
    from campaign_events

    union all by name

    -- The shop's own systems send refunds: no device
    select
        visit_no * 4096 + 3050 + line_no as event_no,
        refunded_us as at_us,
        'refund' as event_type,
        person_no,
        refunded_us as identified_us,
        country,
        item_no,
        true as has_order,
        quantity,
        price_cents,
        discount_cents
    from after_sales
    where refunded_us is not null

    union all by name

    select
        visit_no * 4096 + 3060 + line_no as event_no,
        reviewed_us as at_us,
        'review' as event_type,
        person_no,
        device_no,
        reviewed_us as identified_us,
        'email' as channel,
        device,
        country,
        item_no,
        true as has_order
    from after_sales
    where reviewed_us is not null

    union all by name

    select
        visit_no * 4096 + 3070 as event_no,
        asked_us as at_us,
        'support' as event_type,
        person_no,
        device_no,
        asked_us as identified_us,
        'direct' as channel,
        device,
        country,
        true as has_order,
        '{"topic":"order"}' as properties
    from after_sales
    where asked_us is not null

    union all by name

    -- Answered in a mail: no device, no session
    select
        visit_no * 4096 + 3090 as event_no,
        surveyed_us as at_us,
        'survey' as event_type,
        person_no,
        surveyed_us as identified_us,
        'email' as channel,
        country,
        item_no,
        true as has_order,
        '{"nps":' || nps_of(satisfaction) || ',"csat":' || csat_of(satisfaction) || '}' as properties
    from after_sales
    where surveyed_us is not null

),

keyed as (

    select
        *,
        child(root('event'), event_no) as event_key,
        child(root('delivery'), event_no // 4096) as delivery_key
    from unioned
    where at_us < getvariable('end_us')

),

received as (

    select
        * exclude (delivery_key),
        -- Telephones that are offline deliver a whole visit late; a batch that fails, single events
        at_us
        + case
            when uniform(delivery_key, 'late') < getvariable('late_session_share')
                then ((2 + 60 * uniform(delivery_key, 'delay')) * 3600)::bigint * 1000000
            when uniform(event_key, 'late') < getvariable('late_event_share')
                then ((2 + 14 * exponential(event_key, 'delay')) * 3600)::bigint * 1000000
            else 0
        end
        -- Banks send their lists of what they took back later
        + case
            when event_type = 'chargeback'
                then ((0.3 + 1.5 * exponential(event_key, 'bank')) * 86400)::bigint * 1000000
            else 0
        end
        + 200000 + (1500000 * exponential(event_key, 'latency'))::bigint as received_us
    from keyed

)

select
    event_no,
    at_us,
    received_us,
    -- Some are delivered once more, seconds to days later
    case
        when uniform(event_key, 'again') < getvariable('duplicate_share')
            then received_us + 1000000 + (5 * 3600 * exponential(event_key, 'again delay'))::bigint * 1000000
    end as again_us,
    as_event_type(event_type) as event_type,
    case when at_us >= identified_us then person_no end::integer as person_no,
    device_no::integer as device_no,
    item_no::integer as item_no,
    coalesce(has_order, false) as has_order,
    quantity::smallint as quantity,
    price_cents::integer as price_cents,
    discount_cents::integer as discount_cents,
    as_channel(channel) as channel,
    as_device(device) as device,
    as_country(country) as country,
    properties
from received;

drop table touches;
