-- Visits of fraudsters who are no customers: thieves in accounts of customers, and testers of stolen cards.

-- An account is taken over at some time between its third order and the customer's end. Some thieves take over several,
-- which then share the thief's device and address.
create temp table thefts as

with

candidates as (

    select
        visits.person_no,
        child(root('theft'), visits.person_no) as theft_key,
        list_sort(list(visits.paid_us))[3] as third_us
    from visits
    where
        visits.kind = 'customer'
        and visits.is_converted
        and uniform(child(root('theft'), visits.person_no), 'victim') * getvariable('customers_per_theft') < 4
    group by visits.person_no
    having count(*) >= 3

),

spans as (

    select
        candidates.person_no,
        candidates.theft_key,
        candidates.third_us,
        least(people.churned_us, getvariable('end_us')) - getvariable('day_us') as last_us
    from candidates
    inner join people on candidates.person_no = people.person_no

)

select
    person_no,
    theft_key,
    floor(uniform(theft_key, 'thief') * (1 + getvariable('customers') // 60))::integer as thief_no,
    third_us + ((0.02 + 0.98 * uniform(theft_key, 'moment')) * (last_us - third_us))::bigint as stolen_us
from spans
where last_us > third_us;

create temp table testers as

with

numbered as (

    select unnest(range(getvariable('customers') // getvariable('customers_per_tester')))::integer as tester_no

),

keyed as (

    select
        tester_no,
        child(root('tester'), tester_no) as tester_key
    from numbered

)

select
    *,
    -- Beyond all other people
    getvariable('customers') + visitor_count() + bot_count() + tester_no as person_no,
    uniform(tester_key, 'guest') < 0.4 as is_guest,
    getvariable('start_us')
    + ((0.1 + 0.88 * uniform(tester_key, 'moment')) * (getvariable('end_us') - getvariable('start_us')))::bigint
        as tested_us
from keyed;

insert into people by name

with template as (
    select * from people
    where person_no = getvariable('customers')
)

select
    template.* replace (
        testers.person_no as person_no,
        testers.tester_key as person_key,
        case when testers.is_guest then 'visitor' else 'tester' end as kind,
        testers.tested_us as acquired_us,
        testers.tested_us + 4 * getvariable('day_us') as churned_us
    )
from testers
cross join template;

insert into visits by name

with

template as (
    select * from visits
    order by visit_no
    limit 1
),

-- Two to four orders within hours
burglaries as (

    select
        theft_key as fraud_key,
        person_no,
        thief_no,
        stolen_us,
        unnest(range(2 + floor(uniform(theft_key, 'orders') * 3)::integer))::integer as burst_no
    from thefts

),

-- One or two bursts, the second some days later, of three to five carts each
tests as (

    select
        tester_key as fraud_key,
        person_no,
        tester_no,
        tested_us,
        is_guest,
        unnest(range(3 + floor(uniform(tester_key, 'carts') * 3)::integer))::integer as cart_no
    from testers

),

bursts as (

    select
        *,
        unnest(range(1 + (uniform(fraud_key, 'again') < 0.6)::integer))::integer as burst_no
    from tests

),

planned as (

    select
        fraud_key,
        person_no,
        'thief' as kind,
        burst_no as place,
        -1000000 - thief_no as device_no,
        stolen_us + (burst_no * (1500 + 3000 * uniform(child(fraud_key, burst_no), 'pause')))::bigint * 1000000
            as started_us,
        false as is_guest,
        true as is_converted
    from burglaries

    union all

    select
        fraud_key,
        person_no,
        'tester' as kind,
        burst_no * 8 + cart_no as place,
        -500000000 - tester_no as device_no,
        tested_us + (burst_no * (0.8 + 2 * uniform(fraud_key, 'days')) * 86400 + cart_no * 200)::bigint * 1000000
            as started_us,
        is_guest,
        not is_guest and uniform(child(fraud_key, burst_no * 8 + cart_no), 'works') < 0.7 as is_converted
    from bursts

),

keyed as (

    select
        planned.*,
        child(planned.fraud_key, 1000 + planned.place) as visit_key,
        people.country
    from planned
    inner join people on planned.person_no = people.person_no

),

dated as (

    select
        keyed.*,
        months.month_no,
        months.season_category_no,
        keyed.started_us + 2500000 as identified_us,
        keyed.started_us + 30000000 as checkout_us
    from keyed
    inner join calendar
        on keyed.started_us // getvariable('day_us') = calendar.day_us // getvariable('day_us')
    inner join months on calendar.month_no = months.month_no

)

select
    template.* replace (
        dated.person_no * 4096 + 3500 + dated.place as visit_no,
        dated.visit_key as visit_key,
        null as previous_visit_key,
        dated.person_no as person_no,
        3500 + dated.place as visit_of_person,
        as_kind(dated.kind) as kind,
        dated.device_no as device_no,
        dated.started_us as started_us,
        dated.month_no as month_no,
        dated.season_category_no as season_category_no,
        -- Thieves take what is dear, testers what is cheap
        case dated.kind when 'thief' then 4 + floor(uniform(dated.visit_key, 'category') * 3) else 3 end
            as first_category_no,
        case dated.kind when 'thief' then 4 else 0 end as second_category_no,
        0.8 as first_category_share,
        0.2 as second_category_share,
        case dated.kind when 'thief' then 2.5 else -2.5 end as spend_level,
        as_channel('direct') as channel,
        as_device(['desktop', 'android', 'iphone'][1 + floor(uniform(dated.fraud_key, 'device') * 3)::integer])
            as device,
        as_country(dated.country) as country,
        case
            when dated.is_guest then 'anonymous'
            when dated.kind = 'tester' and dated.place = 0 then 'registers'
            when dated.place % 8 = 0 then 'logs in'
            else 'known'
        end as identity,
        case when dated.is_guest then null when dated.place % 8 = 0 then dated.identified_us else dated.started_us end
            as identified_us,
        null as experiment_no,
        false as is_treated,
        1 as control_reach,
        1 as treated_reach,
        1 as reach_probability,
        0.9 as payment_probability,
        4 as pace,
        4 as view_count,
        case when dated.kind = 'thief' then 3 else 1 end as cart_count,
        3 as walk_length,
        0 as discount_percent,
        dated.checkout_us as checkout_us,
        dated.checkout_us + 15000000 as attempted_us,
        dated.checkout_us + case dated.kind when 'thief' then 60000000 else 145000000 end as paid_us,
        null as ring_no,
        false as is_error_slice,
        false as is_slow_slice,
        false as is_innocent_slow_slice,
        true as reaches_checkout,
        true as is_willing,
        true as attempts_payment,
        false as has_payment_error,
        false as is_lost_slow,
        false as is_lost_error,
        dated.is_converted as is_converted
    )
from dated
cross join template
where dated.started_us < getvariable('end_us');

-- In some flats a device is everybody's, besides those that only two share: who stays logged in there is still known.
update visits
set device_no = shared.device_no
from (
    select
        homes.person_no,
        homes.home_key,
        ['desktop', 'android', 'iphone'][1 + floor(uniform(homes.home_key, 'device') * 3)::integer] as device,
        (min(homes.person_no) over (partition by homes.home_key) * 4 + 3)::integer as device_no
    from homes
    where
        homes.member_count > 5
        and uniform(homes.home_key, 'shared device') < 0.5
) as shared
where
    visits.person_no = shared.person_no
    and visits.kind = 'customer'
    and visits.identity = 'known'
    and visits.device = as_device(shared.device)
    and uniform(visits.visit_key, 'shared device') < 0.7;
