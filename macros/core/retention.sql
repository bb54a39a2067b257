{#- When the first month begins that is kept, as text; none where var `keep_months` keeps all. The clock is that of the
    run, in UTC: what events say of the time may be wrong, and a shop that has closed would never forget. -#}
{% macro kept_from() %}
    {% if not var('keep_months') %}
        {% do return(none) %}
    {% endif %}
    {% set month = run_started_at.year * 12 + run_started_at.month - 1 - var('keep_months') %}
    {% do return('%04d-%02d-01 00:00:00+00' % (month // 12, month % 12 + 1)) %}
{% endmacro %}


{#- Whether the month of a row is over for longer than events are kept. A row belongs to the month that it happened in,
    and where it says no time, or one after its arrival, to that of the arrival. What says a time before
    `earliest_event_date` has no month, and shows as a fault. `alias` is a relation, or none. -#}
{% macro is_expired(alias=none) -%}
    {%- if kept_from() -%}
        {%- set of = alias ~ '.' if alias else '' -%}
        {%- set month_at = 'case when ' ~ of ~ 'event_at < ' ~ of ~ 'received_at then ' ~ of ~ 'event_at else '
            ~ of ~ 'received_at end' -%}
    (
                {{ month_at }} < {{ moment(kept_from()) }}
                and {{ month_at }} >= {{ moment(var('earliest_event_date') ~ ' 00:00:00+00') }}
            )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}


{#- The accepted events that have to leave, each with one reason: those that were asked to, those of erased people, and
    those that have expired. -#}
{% macro requests_to_leave(accepted) -%}
    select source, event_id, reason from {{ ref('int_withdrawal_requests') }}
    {{- erased_events(accepted) }}
    {%- if kept_from() %}

    union all

    select source, event_id, 'expired' as reason from (
        select source, event_id from {{ accepted }} where {{ is_expired() }}
        except
        select source, event_id from {{ ref('int_withdrawal_requests') }}
        {%- if has_tombstones() %}
        except
        select source, event_id from (
            select source, event_id, 'none' as reason from {{ accepted }} where false
            {{ erased_events(accepted) }}
        ) as erased_events
        {%- endif %}
    ) as old_events
    {%- endif %}
{%- endmacro %}


{#- When rows were received that have expired since the day was read, or that are kept again, as a further part of
    `unsettled_arrivals`. Another delivery of an event that leaves may have a later time, and count now. -#}
{% macro unsettled_by_age() -%}
    union all
    select
        rejected.source,
        rejected.received_at
    from {{ earlier_run('int_rejected_rows') }} as rejected
    {%- if not kept_from() %}
    where rejected.reason like 'expired: %'
    {%- else %}
    where (rejected.reason like 'expired: %') <> {{ is_expired('rejected') }}
        -- What was asked to leave does not stay for being young, nor leave twice.
        and rejected.reason not like 'withdrawn: %'
        and rejected.reason <> 'erased'

    union all
    select
        accepted.source,
        accepted.received_at
    from {{ earlier_run('int_accepted_events') }} as accepted
    where {{ is_expired('accepted') }}

    union all
    select
        rejected.source,
        rejected.received_at
    from {{ earlier_run('int_rejected_rows') }} as rejected
    inner join {{ earlier_run('int_accepted_events') }} as accepted
        on rejected.event_id = accepted.event_id
        and rejected.source = accepted.source
    where {{ is_expired('accepted') }}
        and (rejected.is_duplicate or rejected.outcome = 'superseded')
    {%- endif %}
{%- endmacro %}
