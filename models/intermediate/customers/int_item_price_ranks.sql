-- The place of each sold item among the prices of its category.
with

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'purchase'
        and item_id is not null

),

items as (

    select * from {{ ref('int_items') }}

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
final as (

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

)

select * from final
