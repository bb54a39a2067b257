-- A purchase is no likelier than it has orders, an amount is orders times order amount, and more days never bring less:
-- neither probability nor orders nor amount. Returns the customers for whom that is not so, by horizon.
with

scored as (

    select * from {{ ref('customer_value') }}

),

followed as (

    select
        *,
        lag(purchase_probability) over (partition by customer_key order by horizon_days) as shorter_probability,
        lag(predicted_orders) over (partition by customer_key order by horizon_days) as shorter_orders,
        lag(predicted_amount) over (partition by customer_key order by horizon_days) as shorter_amount
    from scored

),

-- Sums and products of doubles differ in their last digits.
final as (

    select
        customer_key,
        horizon_days,
        purchase_probability,
        predicted_orders,
        predicted_amount,
        predicted_order_amount
    from followed
    where purchase_probability > predicted_orders + 1e-9
        or abs(predicted_amount - predicted_orders * predicted_order_amount) > 1e-9 * (1 + predicted_amount)
        or purchase_probability < shorter_probability - 1e-9
        or predicted_orders < shorter_orders - 1e-9
        or predicted_amount < shorter_amount - 1e-9

)

select * from final
