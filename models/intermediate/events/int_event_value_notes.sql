{{ config(materialized='incremental', incremental_strategy='replace_arrival_days') }}
-- depends_on: {{ ref('int_arrival_days') }}

-- How many values of raw events staging could not take as they came, and how many accepted events hold a masked value
-- or no amount where there should be one, by day of arrival, column and reason. Only the days that this run has to read
-- are counted anew.
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

accepted as {{ read_each_time() }} (

    select accepted.*
    from {{ ref('int_accepted_events') }} as accepted
    inner join arrival_days
        on accepted.source = arrival_days.source
        and {{ utc_date('accepted.received_at') }} = arrival_days.received_on
    {% if is_incremental() -%}
    where arrival_days.is_pending
        and accepted.received_at >= {{ earliest_pending_time() }}
    {%- endif %}

),

masked as (

    select
        source,
        received_at,
        {{ masked_columns().events | join(', ') }}
    from accepted
    where ({{ has_mask(masked_columns().events) }})

),

-- Money of which nothing is known.
unpriced as (

    select
        source,
        received_at,
        {{ unpriced_reason() }} as reason
    from accepted
    where event_type in {{ order_event_types() }}
        and amount is null

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

    union all
    select
        source,
        received_at,
        'amount' as column_name,
        reason,
        cast(null as string) as example
    from unpriced

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
