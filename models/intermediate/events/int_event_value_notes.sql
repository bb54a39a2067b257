{{ config(materialized='incremental', incremental_strategy='replace_arrival_days') }}
-- depends_on: {{ ref('int_arrival_days') }}

-- How many values of raw events staging could not take as they came, by day of arrival, column and reason. Only the
-- days that this run has to read are counted anew.
with

staged as (
    {{ union_sources('events', columns='source, received_at, value_notes') }}
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
    where staged.value_notes is not null
    {% if is_incremental() -%}
        and arrival_days.is_pending
        and staged.received_at >= {{ earliest_pending_time() }}
    {%- endif %}

),

final as (

    select
        source,
        {{ noted_parts('note') }},
        count(*) as value_count,
        min({{ noted_example('note') }}) as first_example,
        max({{ noted_example('note') }}) as last_example,
        min(received_at) as received_at
    from noted
    group by source, {{ utc_date('received_at') }}, {{ noted_parts('note', named=false) }}

)

select * from final
