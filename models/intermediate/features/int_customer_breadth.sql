{{ config(materialized='view') }}

-- How broad a customer's taste is, as it could be known on a cut-off date: how many items, and from how many
-- categories, were bought for the first time before it.
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where customer_no is not null
        and event_type = 'purchase'
        and is_known_later is not true

),

items as (

    select * from {{ ref('int_items') }}

),

first_items as (

    select
        customer_no,
        source,
        item_id,
        min(ordered_on) as first_bought_on
    from order_lines
    where item_id is not null
    group by customer_no, source, item_id

),

first_categories as (

    select
        first_items.customer_no,
        items.category,
        min(first_items.first_bought_on) as first_bought_on
    from first_items
    -- Two sources may use one item id for two items.
    inner join items
        on first_items.item_id = items.item_id
        and first_items.source = items.source
    where items.category is not null
    group by first_items.customer_no, items.category

),

item_breadth as (

    select
        first_items.customer_no,
        cutoffs.cutoff_date,
        count(*) as item_count
    from first_items
    inner join cutoffs on first_items.first_bought_on < cutoffs.cutoff_date
    group by first_items.customer_no, cutoffs.cutoff_date

),

category_breadth as (

    select
        first_categories.customer_no,
        cutoffs.cutoff_date,
        count(*) as category_count
    from first_categories
    inner join cutoffs on first_categories.first_bought_on < cutoffs.cutoff_date
    group by first_categories.customer_no, cutoffs.cutoff_date

),

final as (

    select
        item_breadth.customer_no,
        item_breadth.cutoff_date,
        item_breadth.item_count,
        coalesce(category_breadth.category_count, 0) as category_count
    from item_breadth
    left join category_breadth
        on item_breadth.customer_no = category_breadth.customer_no
        and item_breadth.cutoff_date = category_breadth.cutoff_date

)

select * from final
