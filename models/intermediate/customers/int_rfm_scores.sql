-- Recency, frequency and money of customers who have bought, ranked among the customers of each cut-off date.
with

features as (

    select * from {{ ref('int_customer_features') }}
    where f_order_days > 0

),

-- Customers who are alike get the same score: ties share the rank of the first among them.
ranked as (

    select
        customer_no,
        cutoff_date,
        percent_rank() over (partition by cutoff_date order by f_recency_days desc) as recency_rank,
        percent_rank() over (partition by cutoff_date order by f_order_days) as frequency_rank,
        percent_rank() over (partition by cutoff_date order by f_amount) as monetary_rank
    from features

),

final as (

    select
        customer_no,
        cutoff_date,

        {{ fifth_of('recency_rank') }} as recency_score,
        {{ fifth_of('frequency_rank') }} as frequency_score,
        {{ fifth_of('monetary_rank') }} as monetary_score
    from ranked

)

select * from final
