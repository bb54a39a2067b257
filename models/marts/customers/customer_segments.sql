-- The groups that each customer who has bought belongs to, on each snapshot date: one of the eleven RFM names, which
-- rank her among the customers of the day, and a behavioural segment, whose thresholds stand.
with

scores as (

    select * from {{ ref('int_segment_scores') }}

),

states as (

    select * from {{ ref('int_segment_states') }}

),

bands as (

    select * from {{ ref('segment_bands') }}

),

rfm_segments as (

    select * from {{ ref('rfm_segments') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

final as (

    select
        customers.customer_key,

        bands.segment,
        previous_bands.segment as previous_segment,
        rfm_segments.rfm_segment,
        cast(scores.recency_score as varchar)
        || cast(scores.frequency_score as varchar)
        || cast(scores.monetary_score as varchar) as rfm_score,

        states.segment_no,
        scores.segment_score,
        scores.recency_score,
        scores.frequency_score,
        scores.monetary_score,

        coalesce(states.segment_no <> states.previous_segment_no, true) as is_changed,
        states.is_held,
        cutoffs.is_as_of,

        scores.cutoff_date as snapshot_date,
        states.segment_since
    from scores
    inner join states
        on scores.customer_no = states.customer_no
        and scores.cutoff_date = states.cutoff_date
    inner join bands on states.segment_no = bands.segment_no
    left join bands as previous_bands on states.previous_segment_no = previous_bands.segment_no
    -- Frequency and money count as one: their mean, halves rounded up.
    inner join rfm_segments
        on scores.recency_score = rfm_segments.recency_score
        and cast(floor((scores.frequency_score + scores.monetary_score + 1) / 2.0) as integer)
        = rfm_segments.value_score
    inner join cutoffs on scores.cutoff_date = cutoffs.cutoff_date
    inner join customers on scores.customer_no = customers.customer_no

)

select * from final
