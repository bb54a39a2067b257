-- Events as numbers; names and texts come last. An event's number is its visit's number times 4096 plus
-- a place inside the visit, so that it needs no counting; visit 0 of a person holds what is no visit.

create temp table registrations as

select
    people.person_no,
    coalesce(visits.identified_us, people.acquired_us) as registered_us
from people
left join visits
    on
        people.person_no = visits.person_no
        and visits.identity = 'registers'
where
    people.kind in ('customer', 'fraud')
    and (people.is_known_before_start or visits.visit_no is not null);

-- What follows an order: refunds, reviews and questions
create temp table after_sales as

with

payments as (

    select
        order_lines.*,
        visits.channel,
        visits.device,
        visits.device_no,
        visits.country,
        visits.checkout_us + (visits.form_seconds * 1000000)::bigint + 100000000 as paid_us
    from order_lines
    inner join visits on order_lines.visit_no = visits.visit_no
    where order_lines.is_converted

)

select
    visit_no,
    line_no,
    line_key,
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
                else getvariable('refund_probability') * exp(-0.6 * quality)
            end
            then paid_us + ((1.5 + 8 * exponential(line_key, 'refund delay')) * 86400)::bigint * 1000000
    end as refunded_us,
    case
        when kind <> 'fraud' and uniform(line_key, 'review') < getvariable('review_probability')
            then paid_us + ((2 + 9 * exponential(line_key, 'review delay')) * 86400)::bigint * 1000000
    end as reviewed_us,
    case
        when line_no = 1 and uniform(line_key, 'support') < getvariable('support_probability')
            then paid_us + ((0.2 + 3 * exponential(line_key, 'support delay')) * 86400)::bigint * 1000000
    end as asked_us
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
        event_no + case event_type when 'view' then 0 when 'wishlist' then 1 when 'add_to_cart' then 2 else 3 end as event_no,
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

-- One list of events a visit: name, place and seconds after the start
visit_steps as (

    select
        visit_no,
        visit_key,
        person_no,
        device_no,
        identified_us,
        channel,
        device,
        country,
        checkout_us,
        is_slow_slice or is_innocent_slow_slice as is_slow,
        experiment_no,
        is_treated,
        first_category_no,
        unnest([
            case
                when kind = 'bot' or uniform(visit_key, 'entry') < 0.34
                    then {'event_type': 'browse', 'slot': 3000, 'at_us': started_us}
                when uniform(visit_key, 'entry') < 0.50
                    then {'event_type': 'search', 'slot': 3001, 'at_us': started_us}
            end,
            case
                when experiment_no is not null
                    then {'event_type': 'exposure', 'slot': 3002, 'at_us': started_us + 400000}
            end,
            case
                when kind <> 'bot' and view_count > 2 and uniform(visit_key, 'search again') < 0.16
                    then {
                        'event_type': 'search',
                        'slot': 3003,
                        'at_us': started_us + (pace * 1000000 * (
                            1.9 + floor(uniform(visit_key, 'search place') * (view_count - 2))
                        ))::bigint,
                    }
            end,
            case identity
                when 'registers' then {'event_type': 'register', 'slot': 3004, 'at_us': identified_us}
                when 'logs in' then {'event_type': 'login', 'slot': 3005, 'at_us': identified_us}
            end,
            case
                when reaches_checkout then {'event_type': 'checkout', 'slot': 3006, 'at_us': checkout_us}
            end,
            case
                when reaches_checkout and uniform(visit_key, 'chat') < getvariable('support_chat_probability')
                    then {'event_type': 'support', 'slot': 3007, 'at_us': checkout_us + 7000000}
            end,
            case
                when has_payment_error
                    then {
                        'event_type': 'payment_error',
                        'slot': 3010,
                        'at_us': checkout_us + (form_seconds * 1000000)::bigint,
                    }
            end,
            case
                when kind = 'fraud' and attempts_payment
                    then {
                        'event_type': 'payment_error',
                        'slot': 3011,
                        'at_us': checkout_us + (form_seconds * 1000000)::bigint + 20000000,
                    }
            end,
            case
                when kind = 'fraud' and attempts_payment and uniform(visit_key, 'third card') < 0.6
                    then {
                        'event_type': 'payment_error',
                        'slot': 3012,
                        'at_us': checkout_us + (form_seconds * 1000000)::bigint + 45000000,
                    }
            end,
            case
                when is_converted
                    then {
                        'event_type': 'payment',
                        'slot': 3020,
                        'at_us': checkout_us + (form_seconds * 1000000)::bigint
                        + case when has_payment_error or kind = 'fraud' then 80000000 else 0 end,
                    }
            end
        ], recursive := false) as step
    from visits

),

visit_events as (

    select
        visit_no * 4096 + step.slot as event_no,
        step.at_us as at_us,
        step.event_type as event_type,
        person_no,
        device_no,
        identified_us,
        channel,
        device,
        country,
        case step.event_type
            when 'search'
                then
                    '{"query":"'
                    || ['coffee', 'dog food', 'face cream', 'detergent', 'pan', 'lamp', 'plants', 'puzzle'][
                        1 + case
                            when uniform(visit_key, 'query') < 0.6 then first_category_no
                            else floor(uniform(visit_key, 'query category') * 8)::integer
                        end
                    ]
                    || '","results":'
                    || case when uniform(visit_key, 'found') < 0.06 then 0 else 24 end
                    || '}'
            when 'exposure'
                then
                    '{"experiment":"' || ['green_button', 'one_page_checkout'][experiment_no]
                    || '","variant":"' || case when is_treated then 'treatment' else 'control' end || '"}'
            when 'checkout'
                then
                    '{"browser":"'
                    || case device
                        when 'iphone' then 'safari'
                        when 'android' then 'chrome'
                        else ['chrome', 'firefox', 'edge'][1 + (visit_key % 3)::integer]
                    end
                    || '","load_ms":'
                    || (
                        (300 + 900 * uniform(visit_key, 'load'))
                        * case when is_slow then 8 else 1 end
                    )::integer
                    || '}'
            when 'payment'
                then '{"method":"' || ['card', 'card', 'card', 'wallet', 'invoice'][1 + (visit_key % 5)::integer] || '"}'
            when 'payment_error'
                then '{"code":"' || ['declined', 'timeout', 'authentication'][1 + (visit_key % 3)::integer] || '"}'
            when 'support' then '{"topic":"chat"}'
        end as properties,
        case when step.event_type in ('payment', 'payment_error') then visit_no end as order_no
    from visit_steps
    where step is not null

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
        visits.checkout_us + (visits.form_seconds * 1000000)::bigint
        + case when visits.has_payment_error or visits.kind = 'fraud' then 80000000 else 0 end as at_us,
        visits.person_no,
        visits.device_no,
        visits.identified_us,
        visits.channel,
        visits.device,
        visits.country,
        order_lines.item_no,
        order_lines.visit_no as order_no,
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
        visit_no as order_no,
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
        visit_no as order_no
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
        visit_no as order_no,
        '{"topic":"order"}' as properties
    from after_sales
    where asked_us is not null

)

select
    event_no,
    hash(event_no::ubigint) as event_key,
    at_us,
    -- Telephones that are offline deliver a whole visit late; a batch that fails, single events
    at_us
    + case
        when uniform(hash((event_no // 4096)::ubigint), 'late visit') < getvariable('late_session_share')
            then ((2 + 60 * uniform(hash((event_no // 4096)::ubigint), 'visit delay')) * 3600)::bigint * 1000000
        when uniform(hash(event_no::ubigint), 'late event') < getvariable('late_event_share')
            then ((2 + 14 * exponential(hash(event_no::ubigint), 'event delay')) * 3600)::bigint * 1000000
        else 0
    end
    + 200000 + (1500000 * exponential(hash(event_no::ubigint), 'latency'))::bigint as received_us,
    event_type,
    case when at_us >= identified_us then person_no end as person_no,
    device_no,
    item_no,
    order_no,
    quantity,
    price_cents,
    discount_cents,
    channel,
    device,
    country,
    properties
from unioned
where at_us < getvariable('end_us');
