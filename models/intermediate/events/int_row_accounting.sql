{{ config(materialized='view') }}
-- The ledger notes the same by day; a run that asks for the accounting closes its days.
-- depends_on: {{ ref('int_arrival_ledger') }}

-- Where every raw row went, by source: raw = accepted + duplicate + superseded + rejected + erased + expired.
with

arrival_days as (

    select * from {{ ref('int_arrival_days') }}

),

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

uncounted as (

    select * from {{ ref('int_uncounted_lines') }}

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

uncounted_counts as (

    select
        source,
        count(*) as uncounted_count
    from uncounted
    group by source

),

rejected_counts as (

    select
        source,
        count(case when outcome = 'duplicate' then 1 end) as duplicate_count,
        count(case when outcome = 'superseded' then 1 end) as superseded_count,
        count(case when outcome = 'rejected' then 1 end) as rejected_count,
        count(case when outcome = 'erased' then 1 end) as erased_count,
        count(case when outcome = 'expired' then 1 end) as expired_count
    from rejected
    group by source

),

final as (

    select
        raw_counts.source,
        raw_counts.raw_count,
        coalesce(accepted_counts.accepted_count, 0) - coalesce(uncounted_counts.uncounted_count, 0) as accepted_count,
        coalesce(rejected_counts.duplicate_count, 0) as duplicate_count,
        coalesce(rejected_counts.superseded_count, 0) as superseded_count,
        coalesce(rejected_counts.rejected_count, 0) as rejected_count,
        coalesce(rejected_counts.erased_count, 0) as erased_count,
        coalesce(rejected_counts.expired_count, 0) as expired_count
    from raw_counts
    left join uncounted_counts on raw_counts.source = uncounted_counts.source
    left join accepted_counts on raw_counts.source = accepted_counts.source
    left join rejected_counts on raw_counts.source = rejected_counts.source

)

select * from final
