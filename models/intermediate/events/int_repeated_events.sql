{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['source', 'event_id']) }}
-- depends_on: {{ ref('int_arrival_days') }}, {{ ref('int_arrivals_let_in') }}
-- depends_on: {{ source('earlier_run', 'int_accepted_events') }}

-- Events that were delivered more than once, broken rows included: few, so that everything else can skip the search for
-- duplicates. Raw ids are counted, and only those that come again are made keys of.
with

arrivals as (
    {{ pending_arrivals('arrivals.source, arrivals.event_id' ~ (', arrivals.is_erased' if has_tombstones() else '')) }}
),

counted_ids as (

    select
        source,
        event_id
    from arrivals
    {{ 'where not is_erased' if has_tombstones() }}
    group by source, event_id
    having count(*) > 1

),

repeated_now as (

    select
        counted_ids.source,
        {{ event_key('counted_ids') }} as event_id
    from counted_ids

),

{% if is_incremental() and has_earlier_run('int_accepted_events') -%}
-- A row of an earlier day that comes again: it was accepted then and is not new now.
repeated_since as (

    select
        accepted.source,
        accepted.event_id
    from arrivals
    inner join {{ earlier_run('int_accepted_events') }} as accepted
        on {{ event_key('arrivals') }} = accepted.event_id
        and arrivals.source = accepted.source
    where {{ 'not arrivals.is_erased and' if has_tombstones() }} not exists (
        select 1
        from {{ ref('int_arrival_days') }} as arrival_days
        where arrival_days.source = accepted.source
            and arrival_days.received_on = {{ utc_date('accepted.received_at') }}
            and arrival_days.is_pending
    )

),
{%- endif %}

final as (

    select * from repeated_now
    {% if is_incremental() and has_earlier_run('int_accepted_events') -%}
    union
    select * from repeated_since
    {%- endif %}

)

select * from final
