{{ config(materialized='view', tags=['risk']) }}

-- Customers with a fraud label on a payment: nobody writes to them before people have looked. They need not have paid
-- themselves, as an account may be stolen. Customers are left out again once a payment that they made after the label
-- has closed without one.
with

attempts as (

    select * from {{ ref('int_payment_attempts') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}
    where is_as_of

),

labelled as (

    select
        customer_no,
        max(coalesce(fraud_again_at, fraud_known_at)) as known_from
    from attempts
    where is_fraud
        and customer_no is not null
    group by customer_no

),

paid_since as (

    select distinct attempts.customer_no
    from attempts
    inner join labelled on attempts.customer_no = labelled.customer_no
    cross join cutoffs
    where attempts.attempted_at > labelled.known_from
        and attempts.outcome = 'order'
        and not coalesce(attempts.is_fraud, false)
        and {{ dbt.dateadd('day', var('risk_label_delay_days'), 'attempts.shop_day') }} < cutoffs.cutoff_date

),

final as (

    select
        labelled.customer_no,

        labelled.known_from
    from labelled
    left join paid_since on labelled.customer_no = paid_since.customer_no
    where paid_since.customer_no is null

)

select * from final
