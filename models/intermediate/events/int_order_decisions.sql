{{ config(materialized='incremental', incremental_strategy='append') }}
-- depends_on: {{ ref('int_withdrawn_events') }}, {{ ref('int_arrival_days') }}
-- depends_on: {{ source('earlier_run', 'int_touched_visitors') }}, {{ source('earlier_run', 'int_arrival_ledger') }}

-- Order lines that do not count, of orders that were sent again and from before an update; whose those are that name
-- an order alone; and when an updated order was placed. A log that only grows; `int_uncounted_lines` shows what does
-- not count. A run decides again about all lines of each order id that a line came to or left, or whose buyer has
-- become known, so any order of arrival ends in the same. Nothing leaves `int_accepted_events`: a late message may
-- change it.
{%- set stamps = [] %}
{%- for model_name in ['int_touched_visitors', 'int_arrival_ledger'] if has_earlier_run(model_name) %}
{%- do stamps.append(('batch_at', earlier_run(model_name))) %}
{%- endfor %}
with

accepted as {{ read_each_time() }} (

    select * from {{ ref('int_accepted_events') }}
    where event_type in {{ order_event_types() }}
        and order_id is not null

),

links as (

    select * from {{ ref('int_identity_links') }}

),

all_lines as {{ read_each_time() }} (

    select
        accepted.source,
        accepted.order_id,
        accepted.event_type = 'refund' as is_refund,
        accepted.event_type = 'order_update' as is_update,
        accepted.event_id,
        accepted.customer_no,
        accepted.anonymous_no,
        coalesce(accepted.customer_no, links.customer_no) as known_customer_no,
        coalesce(accepted.customer_no, links.customer_no, accepted.anonymous_no) as visitor_no,
        {{ base_event('accepted') }} as base_event,
        accepted.item_id,
        -- Lines are the same if they are worth the same: one tool sends a quantity and a price, another what they come
        -- to, and the two may differ in the last digit of what they have computed.
        case when coalesce(accepted.amount, accepted.listed_amount) is null then coalesce(accepted.quantity, 1e0) end
            as quantity,
        case when coalesce(accepted.amount, accepted.listed_amount) is null then round(accepted.unit_price, 4) end
            as unit_price,
        round(accepted.amount, 4) as amount,
        round(accepted.listed_amount, 4) as listed_amount,
        accepted.item_id is not null and accepted.source_event_id is null as is_single_item,
        {{ prefixed('accepted', ['event_at', 'shop_day', 'received_at']) | join(', ') }},
        {{ sent_from('accepted') }} as sent_from
    from accepted
    left join links
        on accepted.anonymous_no = links.anonymous_no
        and accepted.customer_no is null

),

{% if is_incremental() -%}
{%- set since = newest(*stamps[0]) if has_earlier_run('int_touched_visitors') else moment('1900-01-01 00:00:00+00') %}
touched_orders as (
    {{ touched_orders('accepted', since) }}
),
{%- endif %}

lines as (

    select all_lines.*
    from all_lines
    {% if is_incremental() -%}
    inner join touched_orders on all_lines.order_id = touched_orders.order_id
    {%- endif %}

),

{{ order_messages('lines') }},

{{ owners_by_order('lines', 'uncounted') }},

{{ decided_lines('uncounted', 'owners_by_order', 'updated') }},

{% if is_incremental() -%}
standing as (

    select newest.*
    from ({{ newest_decisions(this) }}) as newest
    inner join touched_orders on newest.order_id = touched_orders.order_id
    where newest.is_of_another_customer
        or coalesce(newest.customer_no, newest.anonymous_no) is not null
        or newest.reason is not null
        or newest.ordered_at is not null

),
{%- endif %}

changed as (

    select decided.*
    from decided
    {% if is_incremental() -%}
    left join standing
        on decided.source = standing.source
        and decided.event_id = standing.event_id
        and decided.order_id = standing.order_id
        and decided.event_at = standing.event_at
        and decided.received_at = standing.received_at
        {%- for column in [
            'reason', 'customer_no', 'anonymous_no', 'ordered_at', 'is_of_another_customer'
        ] %}
        and decided.{{ column }} is not distinct from standing.{{ column }}
        {%- endfor %}
    where standing.event_id is null

    -- They count after all, are nobody's any more, or are no lines of an order any more.
    union all

    select
        standing.source,
        standing.event_id,
        standing.order_id,
        standing.event_at,
        standing.received_at,
        cast(null as string) as reason,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as anonymous_no,
        cast(null as {{ moment_type() }}) as ordered_at,
        false as is_of_another_customer
    from standing
    left join decided
        on standing.source = decided.source
        and standing.event_id = decided.event_id
    where decided.event_id is null
    {%- endif %}

),

final as (

    select
        changed.*,
        -- As new as the events that it was decided on, and newer than all that looked before it was decided.
        {{ newest_move(after=stamps) }} as decided_at
    from changed

)

select * from final
