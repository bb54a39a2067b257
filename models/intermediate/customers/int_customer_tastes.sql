-- What each customer likes to buy: the categories and brands that she bought most lines of, and how dear the things
-- are that she picks within their categories.
with

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where customer_no is not null
        and event_type = 'purchase'
        and item_id is not null

),

items as (

    select * from {{ ref('int_items') }}

),

bought_items as (

    select
        order_lines.customer_no,
        order_lines.source,
        order_lines.item_id,
        items.category,
        items.brand,
        count(*) as line_count
    from order_lines
    inner join items
        on order_lines.source = items.source
        and order_lines.item_id = items.item_id
    group by order_lines.customer_no, order_lines.source, order_lines.item_id, items.category, items.brand

),

liked as (

    select
        customer_no,
        'category' as kind,
        category as liked_value,
        sum(line_count) as line_count
    from bought_items
    where category is not null
    group by customer_no, category

    union all

    select
        customer_no,
        'brand' as kind,
        brand as liked_value,
        sum(line_count) as line_count
    from bought_items
    where brand is not null
    group by customer_no, brand

),

-- Of two that she bought as often the first by name counts, so that every build says the same.
ranked as (

    select
        *,
        row_number() over (partition by customer_no, kind order by line_count desc, liked_value asc) as place
    from liked

),

favourites as (

    select
        customer_no,
        max(case when kind = 'category' and place = 1 then liked_value end) as favourite_category,
        max(case when kind = 'category' and place = 2 then liked_value end) as second_category,
        max(case when kind = 'category' and place = 3 then liked_value end) as third_category,
        max(case when kind = 'brand' and place = 1 then liked_value end) as favourite_brand,
        max(case when kind = 'brand' and place = 2 then liked_value end) as second_brand,
        max(case when kind = 'brand' and place = 3 then liked_value end) as third_brand
    from ranked
    group by customer_no

),

-- The middle price that an item was sold at does not depend on the order of its sales, as a mean of floats would.
item_prices as (

    select
        source,
        item_id,
        {{ quantile('unit_price', 0.5) }} as price
    from order_lines
    where unit_price > 0
    group by source, item_id

),

-- 0 for the cheapest of its category, 1 for the dearest; alone in its category, an item is neither.
placed_items as (

    select
        item_prices.source,
        item_prices.item_id,
        case
            when count(*) over (partition by item_prices.source, items.category) = 1 then 0.5e0
            else percent_rank() over (partition by item_prices.source, items.category order by item_prices.price)
        end as price_rank
    from item_prices
    inner join items
        on item_prices.source = items.source
        and item_prices.item_id = items.item_id

),

prices as (

    select
        bought_items.customer_no,
        round(sum(placed_items.price_rank * bought_items.line_count) / sum(bought_items.line_count), 6) as price_rank
    from bought_items
    inner join placed_items
        on bought_items.source = placed_items.source
        and bought_items.item_id = placed_items.item_id
    group by bought_items.customer_no

),

buyers as (

    select distinct customer_no from bought_items

),

final as (

    select
        buyers.customer_no,

        favourites.favourite_category,
        favourites.second_category,
        favourites.third_category,
        favourites.favourite_brand,
        favourites.second_brand,
        favourites.third_brand,
        case
            when prices.price_rank < 1 / 3e0 then 'low'
            when prices.price_rank < 2 / 3e0 then 'middle'
            when prices.price_rank is not null then 'high'
        end as price_band,

        prices.price_rank
    from buyers
    left join favourites on buyers.customer_no = favourites.customer_no
    left join prices on buyers.customer_no = prices.customer_no

)

select * from final
