{{ config(materialized='incremental', incremental_strategy='replace_arrival_days') }}
-- depends_on: {{ ref('int_arrival_days') }}

-- How many values of raw events staging could not take as they came, and how many accepted events hold a masked value,
-- by day of arrival, column and reason. Only the days that this run has to read are counted anew.
with

staged as (
    {{ union_sources('events', columns='source, event_at, received_at, value_notes' ~ columns_to_erase()) }}
),

arrival_days as (

    select * from {{ ref('int_arrival_days') }}

),

noted as (

    select
        staged.source,
        staged.received_at,
        {{ each_of(lines_of('staged.value_notes')) }} as note
    from staged
    inner join arrival_days
        on staged.source = arrival_days.source
        and {{ utc_date('staged.received_at') }} = arrival_days.received_on
    {{ erased_joins('staged') }}
    where staged.value_notes is not null {{ 'and not ' ~ is_erased() if has_tombstones() }}
        and not {{ is_expired('staged') }}
    {% if is_incremental() -%}
        and arrival_days.is_pending
        and staged.received_at >= {{ earliest_pending_time() }}
    {%- endif %}

),

masked as (

    select
        accepted.source,
        accepted.received_at,
        {{ prefixed('accepted', masked_columns().events) | join(', ') }}
    from {{ ref('int_accepted_events') }} as accepted
    inner join arrival_days
        on accepted.source = arrival_days.source
        and {{ utc_date('accepted.received_at') }} = arrival_days.received_on
    where ({{ has_mask(prefixed('accepted', masked_columns().events)) }})
    {% if is_incremental() -%}
        and arrival_days.is_pending
        and accepted.received_at >= {{ earliest_pending_time() }}
    {%- endif %}

),

masked_notes as (
    {{ masked_rows('masked', masked_columns().events, further=['source', 'received_at']) }}
),

notes as (

    select
        source,
        received_at,
        {{ noted_parts('note') }},
        {{ noted_example('note') }} as example
    from noted

    union all
    select
        source,
        received_at,
        column_name,
        reason,
        cast(null as string) as example
    from masked_notes

),

final as (

    select
        source,
        column_name,
        reason,
        count(*) as value_count,
        min(example) as first_example,
        max(example) as last_example,
        min(received_at) as received_at
    from notes
    group by source, {{ utc_date('received_at') }}, column_name, reason

)

select * from final
