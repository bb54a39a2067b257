{{ config(materialized='view') }}

-- The order days of customers as a ledger is kept: each is entered on its own day, and refunds that were booked later
-- are entered against it on theirs. The sum of what was booked before a date is what was known on it.
with

customer_days as (

    select * from {{ ref('int_customer_days') }}
    where is_order_day

),

refunds as (

    select * from {{ ref('int_refund_ledger') }}
    where booked_on > ordered_on
        and (spend_change <> 0 or order_day_change <> 0)

),

final as (

    select
        customer_no,
        active_on as ordered_on,
        active_on as booked_on,
        1 as order_day_count,
        spend_amount
    from customer_days

    union all

    select
        customer_no,
        ordered_on,
        booked_on,
        order_day_change as order_day_count,
        spend_change as spend_amount
    from refunds

)

select * from final
