{{ config(materialized='view') }}

-- The shop's own number behind each `order_key`, for people who act on an order: look it up with `dbt show`, which has
-- the key. The only place that shows raw order ids, and it stores none: a view, read from the source each time.
with

staged as (
    {{ union_sources('events', columns='source, order_id') }}
),

numbers as (

    select distinct
        source,
        order_id
    from staged
    where order_id is not null

),

final as (

    select
        numbers.source,
        {{ order_key('numbers') }} as order_key,
        numbers.order_id
    from numbers

)

select * from final
