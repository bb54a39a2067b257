-- Everybody who comes to the shop: customers (some of them in fraud rings), visitors who never register,
-- and bots. Customers follow the assumptions of Pareto/NBD (Schmittlein, Morrison and Colombo 1987):
-- visits at a gamma distributed rate until an exponential drop-out at a gamma distributed rate.

create temp table people as

with

person_numbers as (

    select unnest(range(getvariable('customers') + visitor_count() + bot_count())) as person_no

),

numbered as (

    select
        person_no,
        child(root('person'), person_no) as person_key,
        case
            when person_no >= getvariable('customers') + visitor_count() then 'bot'
            when person_no >= getvariable('customers') then 'visitor'
            when person_no % getvariable('fraud_every') = getvariable('fraud_every') - 1 then 'fraud'
            else 'customer'
        end as kind
    from person_numbers

),

-- Fifteen fraudsters in a row are two or three rings of 3 to 12. Of those that are left over, one or two join the last
-- ring, six and more are two rings.
blocks as (

    select
        *,
        case when kind = 'fraud' then person_no // getvariable('fraud_every') // 15 end as block_no,
        person_no // getvariable('fraud_every') % 15 as place,
        getvariable('customers') // getvariable('fraud_every') // 15 as whole_blocks,
        getvariable('customers') // getvariable('fraud_every') % 15 as left_over
    from numbered

),

patterns as (

    select
        *,
        case
            when block_no = whole_blocks - 1 and left_over in (1, 2) then 10
            else 1 + floor(uniform(child(root('ring block'), coalesce(block_no, 0)), 'pattern') * 10)::integer
        end as pattern_no
    from blocks

),

rings as (

    select
        * exclude (block_no, place, whole_blocks, left_over, pattern_no),
        case
            when block_no is null then null
            when block_no = whole_blocks and whole_blocks > 0 and left_over < 3 then block_no * 3 - 2
            when block_no = whole_blocks then block_no * 3 + (left_over > 5 and place >= left_over // 2)::integer
            else
                block_no * 3
                + (place >= [12, 3, 4, 10, 5, 6, 3, 4, 3, 7][pattern_no])::integer
                + (place >= [15, 15, 15, 15, 15, 15, 8, 9, 7, 15][pattern_no])::integer
        end as ring_no
    from patterns

),

ring_keys as (

    select
        *,
        child(root('ring'), coalesce(ring_no, 0)) as ring_key,
        kind = 'customer'
        and uniform(person_key, 'known') < getvariable('share_known_before_start') as is_known_before_start
    from rings

),

clock as (

    select
        max(calendar.clock_end) as clock_end,
        max(calendar.clock_end) // 20000 as slots
    from calendar

),

-- When they first come: members of a ring within four weeks of each other
arrival_slots as (

    select
        ring_keys.*,
        clock.clock_end as last_clock,
        floor(
            case
                when ring_keys.kind = 'fraud'
                    then
                        (0.1 + 0.8 * uniform(ring_keys.ring_key, 'start')) * clock.slots
                        + 1250 * uniform(ring_keys.person_key, 'arrival')
                else uniform(ring_keys.person_key, 'arrival') * clock.slots
            end
        )::bigint as arrival_slot
    from ring_keys
    cross join clock

),

arrivals as (

    select
        arrival_slots.*,
        calendar_slots.day_us + time_of_day(arrival_slots.person_key) as arrived_us
    from arrival_slots
    inner join calendar_slots on arrival_slots.arrival_slot = calendar_slots.slot

),

lives as (

    select
        * exclude (arrived_us, arrival_slot),
        case
            when is_known_before_start
                then getvariable('start_us') - ((1 + 540 * uniform(person_key, 'arrival')) * 86400)::bigint * 1000000
            else arrived_us
        end as acquired_us,
        case kind
            when 'customer' then getvariable('mean_dropout_per_day') * gamma_two(person_key, 'dropout')
            when 'visitor' then 1 / 12.0
            when 'fraud' then 1 / 16.0
            else 1 / 60.0
        end as dropout_per_day,
        case kind
            when 'customer' then getvariable('mean_visits_per_day') * gamma_two(person_key, 'visits')
            when 'visitor' then 0.09
            when 'fraud' then 0.3
            else 0.12
        end as visits_per_day
    from arrivals

),

tastes as (

    select
        *,
        -- Nobody is known to have dropped out before the shop's first day
        greatest(acquired_us, getvariable('start_us'))
        + (
            (
                -- Who joins a ring stays for a week at least
                case when kind = 'fraud' then 7 else 0 end
                + least(9000, exponential(person_key, 'life') / dropout_per_day)
            ) * 86400
        )::bigint * 1000000 as churned_us,
        getvariable('conversion_log_odds')
        + getvariable('conversion_spread') * normal(person_key, 'conversion') as conversion_log_odds,
        normal(person_key, 'spend') as spend_level,
        uniform(person_key, 'price sensitivity') as price_sensitivity,
        uniform(person_key, 'fading') < 0.5 as is_fading,
        kind = 'customer' and uniform(person_key, 'consent') < 0.55 as has_consent,
        floor(uniform(person_key, 'first category') * 8)::integer as first_category_no,
        (
            floor(uniform(person_key, 'first category') * 8)
            + 1 + floor(uniform(person_key, 'second category') * 7)
        )::integer % 8 as second_category_no,
        0.35 + 0.30 * uniform(person_key, 'first share') as first_category_share,
        0.15 + 0.15 * uniform(person_key, 'second share') as second_category_share,
        [
            'DE',
            'DE',
            'DE',
            'DE',
            'DE',
            'DE',
            'FR',
            'FR',
            'FR',
            'FR',
            'FR',
            'NL',
            'NL',
            'NL',
            'ES',
            'ES',
            'IT',
            'IT',
            'BE',
            'AT'
        ][
            1 + floor(uniform(if(ring_no is null, person_key, ring_key), 'country') * 20)::integer
        ] as country,
        1 + floor(uniform(person_key, 'device count') * 2.6)::integer as device_count,
        case when kind = 'fraud' and ring_shares_devices(ring_no) then ring_size_of('devices', ring_no, 2, 4) end
            as ring_device_count,
        -- New customers look around for some visits before they register
        1 + floor(exponential(person_key, 'register') * 0.9)::integer as register_at_visit
    from lives

)

select
    tastes.*,
    -- The span on the visits' clock in which visits can happen
    coalesce(first_days.clock_start, 0)
    + case
        when tastes.is_known_before_start then 0
        else coalesce(
            (first_days.intensity * ((tastes.acquired_us - first_days.day_us) / getvariable('day_us')))::bigint, 0
        )
    end as clock_from,
    coalesce(last_days.clock_end, tastes.last_clock) as clock_to
from tastes
left outer join calendar as first_days
    on tastes.acquired_us // getvariable('day_us') = first_days.day_us // getvariable('day_us')
left outer join calendar as last_days
    on tastes.churned_us // getvariable('day_us') = last_days.day_us // getvariable('day_us');

-- Consumables that a customer buys again and again, each with a cycle of its own
create temp table staples as

with

slots as (

    select
        person_no,
        person_key,
        spend_level,
        first_category_no,
        second_category_no,
        unnest(range(floor(uniform(person_key, 'staples') * 6)::integer)) as slot
    from people
    where kind = 'customer'

),

placed as (

    select
        person_no,
        slot,
        child(child(person_key, slot), 1) as staple_key,
        case
            when slot < 2 and first_category_no < 4 then first_category_no
            when slot < 3 and second_category_no < 4 then second_category_no
            else floor(uniform(child(person_key, slot), 'staple category') * 4)::integer
        end as category_no,
        least(2, greatest(0, floor(
            1.5 + 0.9 * spend_level + normal(child(child(person_key, slot), 1), 'tier')
        )))::integer as tier
    from slots

),

final as (

    select distinct on (placed.person_no, items.item_no)
        placed.person_no,
        items.item_no,
        placed.staple_key,
        (items.cycle_days * (0.75 + 0.5 * uniform(placed.staple_key, 'pace')) * 86400)::bigint * 1000000 as cycle_us,
        (uniform(placed.staple_key, 'phase') * 90 * 86400)::bigint * 1000000 as phase_us
    from placed
    inner join shelves
        on
            placed.category_no = shelves.category_no
            and placed.tier = shelves.tier
            and shelves.month_no = 0
    inner join item_ranks
        on
            item_ranks.month_no = 0
            and placed.category_no = item_ranks.category_no
            and placed.tier = item_ranks.tier
            and floor(
                pow(uniform(placed.staple_key, 'rank'), 1.8) * shelves.shelf_size
            )::integer = item_ranks.popularity_rank
    inner join items on item_ranks.position_no * 8 + item_ranks.category_no = items.item_no
    order by placed.person_no, items.item_no, placed.slot

)

select * from final;
