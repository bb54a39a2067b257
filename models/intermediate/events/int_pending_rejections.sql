{%- do keep_arrivals() %}
-- depends_on: {{ source('earlier_run', 'int_rejected_rows') }}

-- Why rows break the contract that no earlier run has settled, by day of arrival: how many for each reason. A day that
-- moved is read whole; what was accepted or left out of it before is taken off. Counted before anything is taken in, so
-- that a run can stop while nothing has changed. A reason is counted without the value that it quotes and the line that
-- it names, and no raw row is kept here: `int_arrivals` shows them.
{%- set grain = ['source', 'received_on', 'reason', 'unknown_event_type'] %}
with

arrivals as (
    {{ pending_arrivals(
        'arrivals.source, arrivals.received_on, arrivals.event_type, arrivals.reason', on_every_build=true
    ) }}
),

reasons as (

    select
        source,
        received_on,
        {{ counted_reason('reason') }} as reason,
        {{ unknown_event_type('event_type', 'reason') }} as unknown_event_type,
        count(*) as row_count
    from arrivals
    group by
        source, received_on, {{ counted_reason('reason') }}, {{ unknown_event_type('event_type', 'reason') }}

),

settled_reasons as (
    {% if has_earlier_run('int_rejected_rows') %}
    select
        source,
        {{ utc_date('received_at') }} as received_on,
        {{ counted_reason('reason') }} as reason,
        {{ unknown_event_type('event_type', 'reason') }} as unknown_event_type,
        count(*) as row_count
    from {{ earlier_run('int_rejected_rows') }}
    -- Repeats and old versions had no fault when they came.
    where outcome <> 'duplicate'
        and (
            outcome <> 'superseded'
            or reason like 'withdrawn: %'
            or (reason like 'superseded: %' and reason <> 'superseded: a newer version counts')
        )
    group by
        source, {{ utc_date('received_at') }}, {{ counted_reason('reason') }},
        {{ unknown_event_type('event_type', 'reason') }}
    {% else %}
    select * from reasons
    where false
    {% endif %}
),

settled_days as (

    select
        source,
        received_on,
        settled_count
    from {{ ref('int_arrival_days') }}
    where is_pending

),

settled as (

    select * from settled_reasons
    union all
    -- All others of these days had no fault.
    select
        settled_days.source,
        settled_days.received_on,
        cast(null as string) as reason,
        cast(null as string) as unknown_event_type,
        max(settled_days.settled_count) - coalesce(sum(settled_reasons.row_count), 0) as row_count
    from settled_days
    left join settled_reasons on {{ all_equal('settled_days', 'settled_reasons', ['source', 'received_on']) }}
    group by settled_days.source, settled_days.received_on

),

unsettled as (

    select
        {{ prefixed('reasons', grain) | join(',\n        ') }},
        {{ not_below_zero('reasons.row_count - coalesce(settled.row_count, 0)') }} as row_count
    from reasons
    left join settled
        on reasons.source = settled.source
        and reasons.received_on = settled.received_on
        and reasons.reason is not distinct from settled.reason
        and reasons.unknown_event_type is not distinct from settled.unknown_event_type

),

final as (

    select
        source,
        received_on,
        reason,
        -- What is not an event of the journey, was withdrawn or superseded, has expired, or is marked as not accepted
        -- goes on purpose.
        coalesce(
            reason not in ('erased', 'withdrawn', 'expired', 'superseded', 'not an event of the journey')
            and reason not like 'event_type % is marked as not accepted in %',
            false
        ) as is_broken,
        true as is_pending,
        unknown_event_type,
        cast(row_count as bigint) as row_count
    from unsettled
    where row_count > 0

)

select * from final
