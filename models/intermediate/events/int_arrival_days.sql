-- depends_on: {{ ref('int_withdrawal_requests') }}
-- depends_on: {{ source('earlier_run', 'int_arrival_ledger') }}, {{ source('earlier_run', 'int_withdrawn_events') }}
-- depends_on: {{ source('earlier_run', 'int_accepted_events') }}, {{ source('earlier_run', 'int_rejected_rows') }}

-- How many raw rows each source received on each day, and which days hold rows that are not accounted for yet.
-- The day of arrival is the unit of incremental work: any day whose count moved is read again, whatever its age,
-- so rows may arrive in any order and a killed run is made good by the next.
{%- set restated = in_sources(restated_sources()) %}
{%- set looks_back = has_earlier_run('int_arrival_ledger') and has_earlier_run('int_accepted_events')
    and has_earlier_run('int_rejected_rows') and has_earlier_run('int_withdrawn_events') %}
with

-- Read twice, with other columns each time.
staged as {{ read_each_time() }} (
    {{ union_sources('events', columns='source, event_id, received_at' ~ columns_to_erase() ~ ', ' ~ (
        row_digest(delivery_columns() + ['rejection']) if restated_sources() else 'null'
    ) ~ ' as row_digest') }}
),

raw_days as (

    select
        staged.source,
        {{ utc_date('staged.received_at') }} as received_on,
        count(*) as raw_count,
        count(case when {{ is_erased() }} then 1 end) as erased_count,
        -- What a source writes again may change without a row more or less.
        case when staged.source in {{ restated }} then {{ rows_digest('row_digest') }} end as content_digest
    from staged
    {{ erased_joins('staged') }}
    group by staged.source, {{ utc_date('staged.received_at') }}

),

-- The newest entry of the ledger holds for a day.
accounted_days as (
    {% if looks_back %}
    select
        source,
        received_on,
        {{ value_at_max('accepted_count + duplicate_count + rejected_count', 'batch_at') }} as accounted_count,
        {{ value_at_max('content_digest', 'batch_at') }} as content_digest,
        max(batch_at) as batch_at
    from {{ earlier_run('int_arrival_ledger') }}
    group by source, received_on
    {% else %}
    select
        source,
        received_on,
        0 as accounted_count,
        cast(null as string) as content_digest,
        cast(null as {{ moment_type() }}) as batch_at
    from raw_days
    {% endif %}
),

-- Rows of people who were erased since leave, though the count of their day has not moved.
erased_days as (
    {{ erased_days() if looks_back else 'select source, received_on, 0 as erased_count from raw_days' }}
),

moved_days as (

    select
        raw_days.source,
        raw_days.received_on,
        raw_days.raw_count,
        raw_days.content_digest,
        coalesce(accounted_days.accounted_count, 0) as settled_count,
        accounted_days.batch_at,
        (
            raw_days.raw_count <> coalesce(accounted_days.accounted_count, 0)
            or raw_days.content_digest is distinct from accounted_days.content_digest
            or raw_days.erased_count <> coalesce(erased_days.erased_count, 0)
        ) as is_moved
    from raw_days
    left join accounted_days
        on raw_days.source = accounted_days.source
        and raw_days.received_on = accounted_days.received_on
    left join erased_days
        on raw_days.source = erased_days.source
        and raw_days.received_on = erased_days.received_on

),

{% if looks_back -%}
-- Raw ids of the days that moved, and of no others, are made keys of.
moved_arrivals as {{ read_once() }} (
    select staged.* from staged inner join moved_days
        on staged.source = moved_days.source
        and {{ utc_date('staged.received_at') }} = moved_days.received_on
        and moved_days.is_moved
),
{%- endif %}

-- When rows were received whose place has changed, though the count of their day has not.
unsettled as (
    {% if looks_back %}
    {{ unsettled_arrivals() }}
    {% else %}
    select
        source,
        cast(null as {{ moment_type() }}) as received_at
    from raw_days
    where false
    {% endif %}
),

unsettled_days as (

    select distinct
        source,
        {{ utc_date('received_at') }} as received_on
    from unsettled

),

final as (

    select
        moved_days.source,
        moved_days.received_on,
        moved_days.raw_count,
        moved_days.settled_count,
        moved_days.content_digest,
        moved_days.is_moved or unsettled_days.received_on is not null as is_pending
    from moved_days
    left join unsettled_days
        on moved_days.source = unsettled_days.source
        and moved_days.received_on = unsettled_days.received_on

)

select * from final
