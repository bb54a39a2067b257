{{ config(materialized='view') }}
-- The ledger notes the same by day; a run that asks for the accounting closes its days.
-- depends_on: {{ ref('int_arrival_ledger') }}

-- Where every raw row went, by source: raw = accepted + duplicate + rejected.
with

arrival_days as (

    select * from {{ ref('int_arrival_days') }}

),

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

rejected as (

    select * from {{ ref('int_rejected_rows') }}

),

raw_counts as (

    select
        source,
        cast(sum(raw_count) as bigint) as raw_count
    from arrival_days
    group by source

),

accepted_counts as (

    select
        source,
        count(*) as accepted_count
    from accepted
    group by source

),

rejected_counts as (

    select
        source,
        count(case when is_duplicate then 1 end) as duplicate_count,
        count(case when not is_duplicate then 1 end) as rejected_count
    from rejected
    group by source

),

final as (

    select
        raw_counts.source,
        raw_counts.raw_count,
        coalesce(accepted_counts.accepted_count, 0) as accepted_count,
        coalesce(rejected_counts.duplicate_count, 0) as duplicate_count,
        coalesce(rejected_counts.rejected_count, 0) as rejected_count
    from raw_counts
    left join accepted_counts on raw_counts.source = accepted_counts.source
    left join rejected_counts on raw_counts.source = rejected_counts.source

)

select * from final
