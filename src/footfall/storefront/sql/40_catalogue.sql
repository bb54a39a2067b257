-- Categories, items and the order of popularity of each month.
-- An item's number says its category (remainder by 8) and its place on the category's ring (quotient):
-- who looks at an item tends to look next at the one or two places further on the ring. That is the
-- structure from item to item that a sequence model can learn and popularity can't show.

create temp table subcategories as

with

listed (category_no, subcategory_no, category, subcategory, noun, base_price, is_consumable) as (

    values
    (0, 0, 'Coffee and tea', 'Coffee beans', 'coffee beans 1 kg', 17.0, true),
    (0, 1, 'Coffee and tea', 'Filters', 'paper filters', 4.5, true),
    (0, 2, 'Coffee and tea', 'Tea', 'loose tea 250 g', 9.0, true),
    (0, 3, 'Coffee and tea', 'Syrups', 'syrup 0.7 l', 8.0, true),
    (1, 0, 'Pets', 'Dog food', 'dog food 10 kg', 38.0, true),
    (1, 1, 'Pets', 'Treats', 'chews', 6.5, true),
    (1, 2, 'Pets', 'Cat food', 'cat food 4 kg', 22.0, true),
    (1, 3, 'Pets', 'Litter', 'cat litter 12 l', 13.0, true),
    (2, 0, 'Beauty', 'Face care', 'day cream', 19.0, true),
    (2, 1, 'Beauty', 'Hair care', 'shampoo', 9.5, true),
    (2, 2, 'Beauty', 'Body care', 'body lotion', 12.0, true),
    (2, 3, 'Beauty', 'Sun care', 'sun milk', 15.0, true),
    (3, 0, 'Household', 'Laundry', 'washing powder', 14.0, true),
    (3, 1, 'Household', 'Dishes', 'dishwasher tablets', 11.0, true),
    (3, 2, 'Household', 'Cleaning', 'bathroom cleaner', 5.0, true),
    (3, 3, 'Household', 'Paper', 'kitchen towels', 7.0, true),
    (4, 0, 'Kitchen', 'Cookware', 'frying pan', 44.0, false),
    (4, 1, 'Kitchen', 'Knives', 'chef''s knife', 52.0, false),
    (4, 2, 'Kitchen', 'Boards and bowls', 'chopping board', 27.0, false),
    (4, 3, 'Kitchen', 'Small appliances', 'hand blender', 63.0, false),
    (5, 0, 'Home', 'Lighting', 'floor lamp', 79.0, false),
    (5, 1, 'Home', 'Textiles', 'wool blanket', 48.0, false),
    (5, 2, 'Home', 'Decoration', 'vase', 29.0, false),
    (5, 3, 'Home', 'Furniture', 'side table', 119.0, false),
    (6, 0, 'Garden', 'Plants', 'lavender, set of 6', 24.0, false),
    (6, 1, 'Garden', 'Tools', 'pruning shears', 31.0, false),
    (6, 2, 'Garden', 'Barbecue', 'kettle barbecue', 139.0, false),
    (6, 3, 'Garden', 'Camping', 'camping chair', 42.0, false),
    (7, 0, 'Toys and games', 'Board games', 'board game', 33.0, false),
    (7, 1, 'Toys and games', 'Puzzles', 'puzzle of 1,000 pieces', 16.0, false),
    (7, 2, 'Toys and games', 'Building sets', 'building set', 46.0, false),
    (7, 3, 'Toys and games', 'Outdoor toys', 'scooter', 58.0, false)

)

select
    category_no,
    subcategory_no,
    category,
    subcategory,
    noun,
    base_price,
    is_consumable
from listed;

create temp table items as

with

item_numbers as (

    select unnest(range(item_count())) as item_no

),

numbered as (

    select
        item_no,
        (item_no % 8)::integer as category_no,
        item_no // 8 as position_no,
        ((item_no // 8) % 4)::integer as subcategory_no,
        child(root('item'), item_no) as item_key
    from item_numbers

),

described as (

    select
        numbered.*,
        subcategories.category,
        subcategories.subcategory,
        subcategories.noun,
        subcategories.is_consumable,
        ['Alder', 'Birke', 'Corvo', 'Dune', 'Ember', 'Fjord', 'Grove', 'Hazel', 'Isola', 'Juno', 'Kestrel', 'Lumen'][
            1 + floor(uniform(numbered.item_key, 'brand') * 12)::integer
        ] as brand,
        ['Classic', 'Fine', 'Pure', 'Urban', 'Nordic', 'Prime', 'Everyday', 'Studio', 'Royal', 'Simple'][
            1 + floor(uniform(numbered.item_key, 'style') * 10)::integer
        ] as style,
        greatest(
            199,
            100 * round(subcategories.base_price * exp(0.4 * normal(numbered.item_key, 'price'))) - 1
        )::bigint as price_cents,
        -- Fifteen in a hundred items are introduced after the start, evenly over the months
        greatest(
            0,
            ceil((numbered.item_no + 1 - 0.85 * item_count()) / (0.15 * item_count()) * 17)
        )::integer as first_month_no,
        0.8 * normal(numbered.item_key, 'quality') as quality,
        (18 + 50 * uniform(numbered.item_key, 'cycle'))::integer as cycle_days
    from numbered
    inner join subcategories
        on
            numbered.category_no = subcategories.category_no
            and numbered.subcategory_no = subcategories.subcategory_no

),

final as (

    select
        described.*,
        described.brand || ' ' || described.style || ' ' || described.noun
        || ' No. ' || (described.position_no // 4 + 1) as item_name,
        item_id(described.item_no) as item_id,
        case
            when described.first_month_no = 0
                then months.month_us - ((20 + 900 * uniform(described.item_key, 'created')) * 86400)::bigint * 1000000
            else months.month_us - (6 * uniform(described.item_key, 'created') * 86400)::bigint * 1000000
        end as created_us,
        uniform(described.item_key, 'stock') > 0.04 as is_in_stock,
        (
            ntile(3) over (
                partition by described.category_no order by described.price_cents, described.item_no
            ) - 1
        )::integer as tier
    from described
    inner join months on described.first_month_no = months.month_no

)

select * from final;

-- Items of a category and price tier by popularity, month by month: popularity walks at random.
create temp table item_ranks as

with

walks as (

    select
        items.item_no,
        items.category_no,
        items.position_no,
        items.tier,
        items.first_month_no,
        months.month_no,
        sum(
            case
                when months.month_no = 0 then round(1000 * normal(items.item_key, 'popularity'))
                else round(320 * normal(child(items.item_key, months.month_no), 'drift'))
            end::bigint
        ) over (partition by items.item_no order by months.month_no) as popularity
    from items
    cross join months

)

select
    month_no::integer as month_no,
    category_no,
    tier,
    (
        row_number() over (
            partition by month_no, category_no, tier order by popularity desc, item_no asc
        ) - 1
    )::integer as popularity_rank,
    position_no::integer as position_no
from walks
where first_month_no <= month_no;

-- How many items stand on a shelf (month, category, price tier) and on the category's whole ring
create temp table shelves as

select
    month_no,
    category_no,
    tier,
    count(*)::integer as shelf_size,
    (sum(count(*)) over (partition by month_no, category_no))::integer as ring_size
from item_ranks
group by month_no, category_no, tier;
