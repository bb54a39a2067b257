-- What customers without an order went on to spend, by the place they were in: their lifecycle state, and whether they
-- had put something in the cart of late. No score predicts that for a customer who has never ordered; others in the
-- same place do, at cut-offs whose horizon is over.
{%- set horizon = var('horizons_days') | max %}
with

customer_cutoffs as (

    select * from {{ ref('int_customer_cutoffs') }}

),

lifecycle as (

    select * from {{ ref('int_lifecycle_states') }}
    where order_day_count = 0

),

places as (

    select
        lifecycle.lifecycle_state,
        coalesce(customer_cutoffs.f_carts_30d, 0) > 0 as has_basket,
        customer_cutoffs.spend_next_{{ horizon }}d as amount
    from customer_cutoffs
    inner join lifecycle
        on customer_cutoffs.customer_no = lifecycle.customer_no
        and customer_cutoffs.cutoff_date = lifecycle.cutoff_date
    where customer_cutoffs.spend_next_{{ horizon }}d is not null

),

-- Decimals: means of floats would depend on their order.
final as (

    select
        lifecycle_state,
        has_basket,

        cast(avg(cast(amount as decimal(18, 4))) as double) as mean_amount
    from places
    group by lifecycle_state, has_basket

)

select * from final
