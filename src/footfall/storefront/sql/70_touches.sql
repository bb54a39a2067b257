-- What is looked at in a visit, and what is put into the cart.

-- A visit is cut into short walks. A walk starts at an item drawn by taste, price tier and the month's
-- popularity and then goes on along the category's ring. The first walk often starts where the visit
-- before started, or one place further: people come back to what they had in mind.
create temp table touches as

with

views as (

    select
        visit_no,
        visit_key,
        unnest(range(1, view_count + 1))::integer as view_no,
        previous_visit_key,
        kind = 'bot' as is_bot,
        month_no,
        season_category_no,
        first_category_no,
        second_category_no,
        first_category_share,
        second_category_share,
        spend_level,
        view_count,
        cart_count,
        walk_length,
        reaches_checkout
    from visits

),

walks as (

    select
        * exclude (visit_key, previous_visit_key),
        (view_no - 1) % walk_length as walked,
        child(visit_key, view_no) as view_key,
        uniform(visit_key, 'return') as return_draw,
        case
            when view_no <= walk_length and previous_visit_key is not null and uniform(visit_key, 'return') < 0.40
                then child(previous_visit_key, 0)
            else child(visit_key, (view_no - 1) // walk_length)
        end as walk_key,
        view_no <= walk_length and previous_visit_key is not null as can_return,
        child(visit_key, view_no - 1) as last_view_key,
        child(visit_key, view_no - 2 + 4096) as second_last_view_key
    from views

),

steps as (

    select
        * exclude (last_view_key, second_last_view_key, return_draw, can_return),
        case when can_return and return_draw < 0.22 then 1 else 0 end
        + case
            when walked >= 1 then [1, 1, 1, 1, 1, 1, 2, 2, 5, 9][1 + floor(uniform(view_key, 'step') * 10)::integer]
            else 0
        end
        + case
            when
                walked >= 2
                then [1, 1, 1, 1, 1, 1, 2, 2, 5, 9][1 + floor(uniform(last_view_key, 'step') * 10)::integer]
            else 0
        end
        + case
            when walked >= 3
                then [1, 1, 1, 1, 1, 1, 2, 2, 5, 9][1 + floor(uniform(second_last_view_key, 'step') * 10)::integer]
            else 0
        end as stepped,
        case
            when uniform(walk_key, 'taste') < first_category_share then first_category_no
            when uniform(walk_key, 'taste') < first_category_share + second_category_share then second_category_no
            when uniform(walk_key, 'season') < 0.35 then season_category_no
            else floor(uniform(walk_key, 'category') * 8)::integer
        end as category_no,
        least(2, greatest(0, floor(
            1.5 + 0.8 * spend_level + 0.5 * ln(uniform(walk_key, 'tier') / (1 - uniform(walk_key, 'tier')))
        )))::integer as tier
    from walks

),

started as (

    select
        steps.*,
        shelves.ring_size,
        floor(pow(uniform(steps.walk_key, 'rank'), 2.2) * shelves.shelf_size)::integer as popularity_rank
    from steps
    inner join shelves
        on
            steps.month_no = shelves.month_no
            and steps.category_no = shelves.category_no
            and steps.tier = shelves.tier

),

found as (

    select
        started.visit_no,
        started.view_no,
        started.view_key,
        started.walked,
        (
            ((item_ranks.position_no + started.stepped) % started.ring_size) * 8 + started.category_no
        )::integer as item_no,
        started.view_no > started.view_count - started.cart_count as is_carted,
        started.reaches_checkout
        and started.view_no = 1
        and started.view_count > started.cart_count
        and uniform(started.view_key, 'removed') < 0.3 as is_removed,
        not started.is_bot and uniform(started.view_key, 'wish') < 0.04 as is_wished
    from started
    inner join item_ranks
        on
            started.month_no = item_ranks.month_no
            and started.category_no = item_ranks.category_no
            and started.tier = item_ranks.tier
            and started.popularity_rank = item_ranks.popularity_rank

)

select
    found.*,
    items.price_cents,
    case
        when items.is_consumable
            then
                1
                + (uniform(found.view_key, 'quantity') < 0.30)::integer
                + (uniform(found.view_key, 'quantity') < 0.08)::integer
        else 1 + (uniform(found.view_key, 'quantity') < 0.05)::integer
    end as quantity
from found
inner join items on found.item_no = items.item_no;

-- The cart at the checkout: what was put in while looking around, and the staples that have come round
-- since the last order. At most six lines, none twice.
create temp table order_lines as

with

checkouts as (

    select
        visit_no,
        visit_key,
        person_no,
        kind,
        started_us,
        discount_percent,
        is_willing,
        is_converted,
        max(case when is_converted then started_us end) over (
            partition by person_no order by visit_no rows between unbounded preceding and 1 preceding
        ) as last_order_us
    from visits
    where reaches_checkout

),

due_staples as (

    select
        checkouts.visit_no,
        staples.item_no,
        child(staples.staple_key, checkouts.started_us // 1000000) as draw_key
    from checkouts
    inner join staples on checkouts.person_no = staples.person_no
    where
        checkouts.kind = 'customer'
        and case
            when checkouts.last_order_us is null
                then uniform(child(staples.staple_key, checkouts.started_us // 1000000), 'due') < 0.5
            else
                (checkouts.started_us - staples.phase_us) // staples.cycle_us
                > (checkouts.last_order_us - staples.phase_us) // staples.cycle_us
                and uniform(child(staples.staple_key, checkouts.started_us // 1000000), 'due') < 0.85
        end

),

candidates as (

    select
        visit_no,
        item_no,
        false as is_staple,
        view_no::bigint as place,
        quantity
    from touches
    where is_carted

    union all

    select
        visit_no,
        item_no,
        true as is_staple,
        item_no as place,
        1 + (uniform(draw_key, 'quantity') < 0.35)::integer + (uniform(draw_key, 'quantity') < 0.1)::integer as quantity
    from due_staples

),

unique_items as (

    select *
    from candidates
    qualify row_number() over (partition by visit_no, item_no order by is_staple, place) = 1

),

numbered as (

    select
        *,
        row_number() over (partition by visit_no order by is_staple, place)::integer as line_no
    from unique_items

)

select
    numbered.visit_no,
    numbered.line_no,
    child(checkouts.visit_key, 100000 + numbered.line_no) as line_key,
    checkouts.person_no,
    checkouts.kind,
    numbered.item_no,
    numbered.is_staple,
    numbered.quantity,
    items.price_cents,
    round(numbered.quantity * items.price_cents * checkouts.discount_percent / 100)::bigint as discount_cents,
    items.quality,
    checkouts.is_willing,
    checkouts.is_converted
from numbered
inner join checkouts on numbered.visit_no = checkouts.visit_no
inner join items on numbered.item_no = items.item_no
where numbered.line_no <= 6;
