-- The groups that each customer who has bought belongs to, on each snapshot date: one of the eleven RFM names, which
-- rank customers among those of the day, and a behavioural segment, whose thresholds hold for half a year.
with

snapshots as (

    select * from {{ ref('int_segment_snapshots') }}

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

ledger as (

    select * from {{ ref('int_segment_ledger') }}

),

final as (

    select
        customers.customer_key,

        bands.segment,
        previous_bands.segment as previous_segment,
        rfm_segments.rfm_segment,
        cast(snapshots.recency_score as string)
        || cast(snapshots.frequency_score as string)
        || cast(snapshots.monetary_score as string) as rfm_score,

        snapshots.segment_no,
        snapshots.segment_score,
        snapshots.recency_score,
        snapshots.frequency_score,
        snapshots.monetary_score,

        coalesce(snapshots.segment_no <> snapshots.previous_segment_no, true) as is_changed,
        snapshots.is_held,
        cutoffs.is_as_of,

        snapshots.cutoff_date as snapshot_date,
        snapshots.segment_since,
        ledger.restated_at
    from snapshots
    inner join bands on snapshots.segment_no = bands.segment_no
    left join bands as previous_bands on snapshots.previous_segment_no = previous_bands.segment_no
    -- Frequency and money count as one: their mean, halves rounded up.
    inner join rfm_segments
        on snapshots.recency_score = rfm_segments.recency_score
        and cast(floor((snapshots.frequency_score + snapshots.monetary_score + 1) / 2e0) as integer)
        = rfm_segments.value_score
    inner join cutoffs on snapshots.cutoff_date = cutoffs.cutoff_date
    inner join customers on snapshots.customer_no = customers.customer_no
    left join ledger
        on snapshots.customer_no = ledger.customer_no
        and snapshots.cutoff_date = ledger.cutoff_date

)

select * from final
