-- Where each device loses its sessions, over all months, and what it would bring if it kept them as the best one does.
{%- set least_sessions = 100 %}
with

funnel as (

    select * from {{ ref('journey_funnel') }}
    where funnel_kind = 'any_order'
        and slice_name = 'device'

),

devices as (

    select
        slice_value as device,
        sum(case when stage = 'browse' then session_count end) as browse_count,
        sum(case when stage = 'cart' then session_count end) as cart_count,
        sum(case when stage = 'checkout' then session_count end) as checkout_count,
        sum(case when stage = 'purchase' then session_count end) as purchase_count
    from funnel
    group by slice_value

),

rates as (

    select
        device,
        browse_count,
        cast(coalesce(cart_count, 0) as double) / browse_count as cart_rate,
        cast(coalesce(checkout_count, 0) as double) / nullif(cart_count, 0) as checkout_rate,
        cast(coalesce(purchase_count, 0) as double) / nullif(checkout_count, 0) as payment_rate,
        cast(coalesce(purchase_count, 0) as double) / browse_count as conversion_rate,
        checkout_count
    from devices

),

-- A device that hardly anybody uses is not a measure for the others.
best as (

    select max(payment_rate) as payment_rate
    from rates
    where browse_count >= {{ least_sessions }}

),

final as (

    select
        rates.device,

        rates.browse_count as session_count,
        round(rates.cart_rate, 4) as cart_rate,
        round(rates.checkout_rate, 4) as checkout_rate,
        round(rates.payment_rate, 4) as payment_rate,
        round(rates.conversion_rate, 4) as conversion_rate,
        round(rates.checkout_count * {{ at_least('best.payment_rate - rates.payment_rate', 0) }})
            as orders_missed_at_payment
    from rates
    cross join best

)

select * from final
order by session_count desc
