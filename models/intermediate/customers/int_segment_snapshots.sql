-- The groups of customers who have bought, on each cut-off date: the scores of recency, frequency and money, the
-- behavioural segment, and the score behind it.
with

rfm_scores as (

    select * from {{ ref('int_rfm_scores') }}

),

segment_scores as (

    select * from {{ ref('int_segment_scores') }}

),

states as (

    select * from {{ ref('int_segment_states') }}

),

final as (

    select
        states.customer_no,
        states.cutoff_date,

        rfm_scores.recency_score,
        rfm_scores.frequency_score,
        rfm_scores.monetary_score,
        states.segment_no,
        states.previous_segment_no,
        segment_scores.segment_score,

        states.is_held,

        states.segment_since
    from states
    inner join rfm_scores
        on states.customer_no = rfm_scores.customer_no
        and states.cutoff_date = rfm_scores.cutoff_date
    inner join segment_scores
        on states.customer_no = segment_scores.customer_no
        and states.cutoff_date = segment_scores.cutoff_date

)

select * from final
