{{ config(materialized='incremental', incremental_strategy='append') }}
{%- do forget_arrivals() %}

-- A day is closed when its values are counted as well.
-- depends_on: {{ ref('int_event_value_notes') }}
-- depends_on: {{ source('earlier_run', 'int_arrival_ledger') }}

-- What became of the raw rows of each day of arrival, noted when a run has taken them in: a log that only grows, whose
-- newest entry holds. It comes last, so that the days of a run that broke off are still pending in the next one.
-- `int_arrival_days` compares it with the raw rows.
with

arrival_days as (

    select arrival_days.*
    from {{ ref('int_arrival_days') }} as arrival_days
    {% if is_incremental() -%}
    inner join ({{ days_to_show() }}) as days
        on arrival_days.source = days.source
        and arrival_days.received_on = days.received_on
    {%- endif %}

),

accepted as (

    select
        accepted.source,
        {{ utc_date('accepted.received_at') }} as received_on,
        count(*) as accepted_count
    from {{ ref('int_accepted_events') }} as accepted
    left join {{ ref('int_uncounted_lines') }} as uncounted
        on accepted.order_id = uncounted.order_id
        and accepted.event_id = uncounted.event_id
        and accepted.source = uncounted.source
    where uncounted.event_id is null
    {% if is_incremental() -%}
        and accepted.received_at >= {{ earliest_time_to_show() }}
    {%- endif %}
    group by accepted.source, {{ utc_date('accepted.received_at') }}

),

rejected as (

    select
        source,
        {{ utc_date('received_at') }} as received_on,
        sum(case when is_duplicate then 1 else 0 end) as duplicate_count,
        sum(case when is_duplicate then 0 else 1 end) as rejected_count
    from {{ ref('int_rejected_rows') }}
    {% if is_incremental() -%}
    where received_at >= {{ earliest_time_to_show() }}
    {%- endif %}
    group by source, {{ utc_date('received_at') }}

),

final as (

    select
        arrival_days.source,
        arrival_days.received_on,

        arrival_days.raw_count,
        arrival_days.content_digest,
        cast(coalesce(accepted.accepted_count, 0) as bigint) as accepted_count,
        cast(coalesce(rejected.duplicate_count, 0) as bigint) as duplicate_count,
        cast(coalesce(rejected.rejected_count, 0) as bigint) as rejected_count,

        {% if is_incremental() -%}
        {{ later_than_all([
            ('batch_at', this),
            ('withdrawn_at', ref('int_withdrawn_events')),
            ('decided_at', ref('int_order_decisions'))
        ]) }} as batch_at
        {%- else -%}
        {{ later_than_all([
            ('withdrawn_at', ref('int_withdrawn_events')), ('decided_at', ref('int_order_decisions'))
        ]) }} as batch_at
        {%- endif %}
    from arrival_days
    left join accepted
        on arrival_days.source = accepted.source
        and arrival_days.received_on = accepted.received_on
    left join rejected
        on arrival_days.source = rejected.source
        and arrival_days.received_on = rejected.received_on

)

select * from final
