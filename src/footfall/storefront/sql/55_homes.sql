-- Where customers live, which says what their payments share: alone, in households of 2 to 5, or in flats of 6 to 14
-- students, most of whom became customers in the same weeks. Who shares a device with somebody moves in with them.

create temp table homes as

with

units as (

    select
        person_no,
        person_no - (person_no % getvariable('shared_device_every') = getvariable('shared_device_every') - 1)::integer
            as unit_no,
        person_no % getvariable('shared_device_every') >= getvariable('shared_device_every') - 2 as shares_device,
        country,
        acquired_us
    from people
    where kind = 'customer'

),

drawn as (

    select
        units.*,
        coalesce(firsts.country, units.country) as home_country,
        coalesce(firsts.acquired_us, units.acquired_us) as unit_acquired_us,
        child(root('unit'), units.unit_no) as unit_key
    from units
    -- Only a pair has a first one; all others are the first of themselves
    left outer join units as firsts
        on
            units.unit_no = firsts.person_no
            and units.unit_no <> units.person_no

),

dwellings as (

    select
        *,
        case
            when
                uniform(
                    child(child(root('flat'), unit_acquired_us // (21 * getvariable('day_us'))), hash(home_country)),
                    'weeks'
                ) < getvariable('share_in_flats')
                or shares_device
                and uniform(unit_key, 'flat') < 0.35
                then 'flat'
            when shares_device or uniform(unit_key, 'household') < getvariable('share_in_households') then 'household'
        end as dwelling
    from drawn

),

placed as (

    select
        person_no,
        dwelling,
        child(root('home ' || dwelling), hash(home_country)) as block_key,
        row_number() over (
            partition by dwelling, home_country
            order by case dwelling when 'flat' then unit_acquired_us::ubigint else unit_key end, unit_no, person_no
        ) - 1 as place
    from dwellings
    where dwelling is not null

),

shared as (

    select
        person_no,
        child(
            block_key,
            case dwelling
                when 'flat'
                    then
                        place // 40 * 4
                        + (place % 40 >= 7)::integer + (place % 40 >= 19)::integer + (place % 40 >= 28)::integer
                else
                    place // 14 * 4
                    + (place % 14 >= 2)::integer + (place % 14 >= 5)::integer + (place % 14 >= 9)::integer
            end
        ) as home_key
    from placed

),

counted as (

    select
        *,
        count(*) over (partition by home_key) as member_count
    from shared

)

select
    people.person_no,
    people.person_key,
    coalesce(counted.home_key, child(root('home'), people.person_no)) as home_key,
    coalesce(counted.member_count, 1)::integer as member_count
from people
left outer join counted on people.person_no = counted.person_no
where people.kind in ('customer', 'fraud');
