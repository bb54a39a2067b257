-- What each customer likes to buy: the categories and brands that they bought most lines of, and how expensive the
-- items are that they pick within their categories.
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

price_ranks as (

    select * from {{ ref('int_item_price_ranks') }}

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

-- Of two that were bought as often the first by name counts, so that every build says the same.
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

prices as (

    select
        bought_items.customer_no,
        round(sum(price_ranks.price_rank * bought_items.line_count) / sum(bought_items.line_count), 6) as price_rank
    from bought_items
    inner join price_ranks
        on bought_items.source = price_ranks.source
        and bought_items.item_id = price_ranks.item_id
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
