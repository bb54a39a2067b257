-- What was tried to pay with, an attempt each: the card, the address of delivery or the counter that hands the parcel
-- out, and the network. A bank declines honest payments, too: an error with the code `declined` follows a payment that
-- was sent to the bank; a timeout or a failed authentication never gets there.

create temp table payments as

with

amounts as (

    select
        visit_no,
        sum(quantity * price_cents - discount_cents)::bigint as amount_cents
    from order_lines
    group by visit_no

),

paying as (

    select
        visits.visit_no,
        visits.visit_key,
        visits.kind,
        visits.person_no,
        visits.device_no,
        visits.identified_us,
        visits.channel,
        visits.device,
        visits.country,
        visits.ring_no,
        visits.attempted_us,
        visits.paid_us,
        visits.is_converted,
        coalesce(amounts.amount_cents, 0) as amount_cents,
        case visits.kind
            when 'customer'
                then (visits.has_payment_error and payment_error_code(visits.visit_key) = 'declined')::integer
            when 'fraud'
                then
                    (uniform(visits.visit_key, 'first card') < 0.5)::integer
                    + (uniform(visits.visit_key, 'first card') < 0.2)::integer
            when 'thief' then (uniform(visits.visit_key, 'first card') < 0.25)::integer
            else 5 + floor(uniform(visits.visit_key, 'cards') * 5)::integer
        end as declined_count,
        homes.home_key,
        homes.member_count,
        child(root('person'), visits.person_no) as person_key,
        -- Somebody else, to whom parcels are sent or whose card pays
        (visits.person_no * 31 + 17) % getvariable('customers') as other_no
    from visits
    left outer join amounts on visits.visit_no = amounts.visit_no
    left outer join homes on visits.person_no = homes.person_no
    where visits.attempts_payment

),

attempts as (

    select
        *,
        unnest(range(declined_count + is_converted::integer))::integer as attempt_no
    from paying

),

drawn as (

    select
        * exclude (attempt_no, declined_count),
        attempt_no < declined_count as is_declined,
        case
            when kind = 'customer' then case when attempt_no < declined_count then 3013 else 3020 end
            when attempt_no < declined_count then 3100 + 2 * attempt_no
            else 3020
        end as place,
        case
            when attempt_no = declined_count then paid_us
            when kind = 'customer' then attempted_us - 1500000
            else attempted_us + attempt_no * 13000000
        end as at_us,
        child(visit_key, 7000 + attempt_no) as attempt_key,
        uniform(visit_key, 'ship') as ship_draw,
        uniform(visit_key, 'network') as network_draw,
        payment_method(visit_key) as method
    from attempts

),

-- Keys of what is used. Honest customers have one or two cards, renewed once; one in eight who live alone moves.
honest as (

    select
        *,
        case
            when
                member_count between 2 and 5
                and uniform(home_key, 'family card') < 0.3
                and uniform(visit_key, 'family card') < 0.4
                then child(home_key, 2)
            when uniform(person_key, 'other card') < 0.02 and uniform(visit_key, 'other card') < 0.3
                then child(child(root('person'), other_no), 9000)
            else
                child(
                    person_key,
                    9000
                    + (uniform(visit_key, 'second card') < 0.15)::integer
                    + 2 * (
                        at_us > getvariable('start_us')
                        + (1.5 * uniform(person_key, 'renewal') * 540)::bigint * getvariable('day_us')
                    )::integer
                )
        end as card_key,
        case
            when ship_draw < 0.10 then null
            when ship_draw < 0.13 then child(root('home'), other_no)
            when
                member_count = 1
                and uniform(person_key, 'moves') < 0.12
                and at_us > getvariable('start_us') + (uniform(person_key, 'moved') * 540)::bigint * getvariable('day_us')
                then child(home_key, 4)
            else home_key
        end as address_key,
        case
            when network_draw < 0.03
                then child(root('hotspot'), floor(uniform(visit_key, 'hotspot') * (1 + getvariable('customers') // 4)))
            when network_draw < 0.18 then child(visit_key, 3)
            else child(home_key, 3)
        end as network_key,
        uniform(person_key, 'foreign card') < getvariable('foreign_card_share') as has_foreign_card
    from drawn

),

used as (

    select
        * exclude (card_key, address_key, network_key, has_foreign_card, ship_draw, network_draw),
        case
            when kind = 'customer' then case when method = 'card' then card_key end
            when kind = 'thief' and uniform(visit_key, 'stored card') < 0.6 then child(child(root('person'), person_no), 9000)
            when kind = 'fraud' and ring_shares_cards(ring_no) and uniform(attempt_key, 'shared card') < 0.7
                then child(
                    ring_key(ring_no),
                    100 + floor(uniform(attempt_key, 'card') * ring_size_of('cards', ring_no, 3, 5))
                )
            when kind = 'fraud'
                then child(person_key, 9100 + floor(uniform(attempt_key, 'card') * 3))
            else child(attempt_key, 1)
        end as card_key,
        case
            when kind = 'customer' then address_key
            when kind = 'thief' then child(child(root('thief'), device_no + 4000000000), 4)
            when kind = 'tester' then child(child(root('tester address'), device_no + 4000000000), 4)
            when ship_draw < 0.2 then null
            when ring_shares_addresses(ring_no) and uniform(visit_key, 'drop') < 0.75
                then case
                    -- A neighbour takes parcels in
                    when uniform(visit_key, 'which drop') < 0.2
                        then child(root('home'), hash(ring_key(ring_no)) % getvariable('customers'))
                    else child(ring_key(ring_no), 200 + floor(uniform(visit_key, 'which drop') * 2))
                end
            else home_key
        end as address_key,
        case
            when kind = 'customer' then network_key
            when kind = 'thief' then child(child(root('thief'), device_no + 4000000000), 3)
            when kind = 'tester' then child(child(root('tester address'), device_no + 4000000000), 3)
            when network_draw < 0.4 then child(ring_key(ring_no), 300 + floor(uniform(visit_key, 'prefix') * 3))
            when network_draw < 0.7 then child(visit_key, 3)
            else child(home_key, 3)
        end as network_key,
        case
            when kind = 'customer' or kind = 'thief' and uniform(visit_key, 'stored card') < 0.6 then has_foreign_card
        end as has_foreign_card
    from honest

)

select
    visit_no,
    place,
    at_us,
    kind,
    person_no,
    ring_no,
    device_no,
    identified_us,
    channel,
    device,
    country,
    is_declined,
    amount_cents,
    case when kind = 'customer' then method else 'card' end as method,
    card_key,
    address_key,
    network_key,
    -- The counter at which a parcel is paid and handed out
    case
        when address_key is null
            then hash(country) % 7 * 4 + floor(uniform(coalesce(ring_key(ring_no), person_key), 'counter') * 4)
    end::integer as terminal_no,
    case
        when card_key is null then null
        when coalesce(has_foreign_card, uniform(card_key, 'foreign card') < getvariable('fraud_foreign_card_share'))
            then ['GB', 'CH', 'PL', 'US', 'BR'][
                1 + floor(uniform(card_key, 'abroad') * if(has_foreign_card is null, 5, 3))::integer
            ]
        else country::varchar
    end as card_country,
    -- A bank takes money back days to weeks later, and tells the shop after that
    case
        when
            not is_declined
            and uniform(visit_key, 'chargeback') < case
                when kind = 'customer' then getvariable('friendly_chargeback_probability')
                else getvariable('fraud_chargeback_probability')
            end
            then at_us + ((2 + least(50, 9 * exponential(visit_key, 'chargeback delay'))) * 86400)::bigint * 1000000
    end as charged_back_us
from used;
