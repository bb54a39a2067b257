-- Why rows of the days that this run has to read break the contract: how many for each reason. Counted before anything
-- is taken in, so that a run can stop while nothing has changed. A reason is counted without the value that it quotes
-- and the line that it names, and no raw row is kept here: `int_arrivals` shows them.
{%- do keep_arrivals() %}
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
        case when reason like 'event_type % is not in seeds/event_types.csv:%' then event_type end as unknown_event_type
    from arrivals

),

final as (

    select
        source,
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
        count(*) as row_count,
        min(received_on) as first_received_on,
        max(received_on) as last_received_on
    from reasons
    group by source, reason, unknown_event_type

)

select * from final
