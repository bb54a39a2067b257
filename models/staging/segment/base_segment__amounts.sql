{{ config(enabled=source_is_enabled('segment')) }}

-- What lines of orders are worth. Messages about refunds repeat list prices, or state a total that may hold shipping
-- and tax; a total that is less than the products cost is what they give back. Cancellations repeat the order. What
-- they list is the most that they give back: how much that is depends on the order, which may come later, so it is
-- reckoned downstream (`int_order_lines`).
with

lines as (

    select * from {{ ref('base_segment__lines') }}

),

valued as (

    select
        *,
        unit_price * coalesce(quantity, 1e0) as line_value,
        coalesce(
            discount, case when products_value > order_value then products_value - order_value end, 0e0
        ) as taken_off,
        lower(trim(source_event_name)) in ('order cancelled', 'cancelled order') as is_cancellation
    from lines

),

-- The discount of an order is spread over its lines by their price. The value of a whole order replaces it where its
-- products, or their prices, are not listed.
worth as (

    select
        *,
        case
            when event_type not in {{ order_event_types() }} then null
            when products_value > 0 and line_value is not null
                then line_value * {{ at_least('1e0 - taken_off / products_value', '0e0') }}
            when coalesce(products_value, 0e0) = 0e0
                then order_value * case when count_products > 1 then coalesce(quantity, 1e0) / pieces else 1e0 end
            else line_value
        end as line_worth,
        event_type = 'refund' and (
            is_cancellation
            or (
                line_value is not null
                and discount is null
                and (order_value is null or (products_value > 0e0 and order_value > products_value - 5e-3))
            )
            or (line_value is null and count_products <= 1)
        ) as is_listed_only
    from valued

),

final as (

    select
        *,
        case when is_listed_only is not true then line_worth end as amount,
        case when is_listed_only then line_worth end as listed_amount
    from worth

)

select * from final
