{{ config(materialized='view') }}

-- What refunds of later days had taken off an order day by each cut-off: those that were booked before it.
with

refunds as (

    select * from {{ ref('int_refund_ledger') }}
    where booked_on > ordered_on

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

final as (

    select
        refunds.customer_no,
        cutoffs.cutoff_date,
        refunds.ordered_on,

        sum(refunds.spend_change) as spend_change,
        sum(refunds.order_day_change) as order_day_change
    from refunds
    inner join cutoffs on refunds.booked_on < cutoffs.cutoff_date
    group by refunds.customer_no, cutoffs.cutoff_date, refunds.ordered_on

)

select * from final
