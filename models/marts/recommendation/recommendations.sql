-- What to show a customer next, best first, and why.
with

scored as (

    select * from {{ ref('scored_recommendations') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

items as (

    select
        item_id,
        min(item_name) as item_name,
        min(category) as category
    from {{ ref('int_items') }}
    group by item_id

),

final as (

    select
        customers.customer_key,
        scored.item_id,
        scored.reason_item_id,

        items.item_name,
        items.category,
        reasons.item_name as reason_item_name,

        cast(scored.rank as integer) as recommendation_rank,
        scored.score,

        scored.is_repeat,

        scored.run_id as model_run_id
    from scored
    inner join customers on scored.customer_no = customers.customer_no
    left join items on scored.item_id = items.item_id
    left join items as reasons on scored.reason_item_id = reasons.item_id

)

select * from final
