{{ config(materialized='view') }}

-- The accepted order lines that do not count, by the newest decision about each: `repeated` where the order was sent
-- before, `superseded` where it was updated afterwards, `itemised` where the items of the order are events of their
-- own.
with

newest as (
    {{ newest_decisions(ref('int_order_decisions')) }}
),

final as (

    select
        source,
        event_id,
        order_id,
        reason,
        event_at,
        received_at,
        is_of_another_customer
    from newest
    where reason is not null

)

select * from final
