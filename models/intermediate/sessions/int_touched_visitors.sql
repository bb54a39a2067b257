{{ config(materialized='incremental', incremental_strategy='append') }}
-- depends_on: {{ ref('int_identity_links') }}, {{ ref('int_withdrawn_events') }}, {{ ref('int_order_decisions') }}

-- A log of whose history moved, and from when on. Each incremental model downstream keeps its own place in it.
with

stitched as {{ read_each_time() }} (

    select * from {{ ref('int_stitched_events') }}

),

-- Orders of nobody are in no history. A refund touches its customer from its own day; what it takes off the day of its
-- order is in int_refund_ledger, which is computed anew each time.
new_events as (

    select
        visitor_no,
        min(event_at) as touched_from,
        cast(null as {{ moment_type() }}) as left_until
    from stitched
    where visitor_no is not null
    {% if is_incremental() -%}
        and loaded_at > {{ newest('batch_at', this) }}
    {%- endif %}
    group by visitor_no

),

{% if is_incremental() -%}
accepted as {{ read_each_time() }} (

    select * from {{ ref('int_accepted_events') }}

),

withdrawn as (

    select * from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ newest('batch_at', this) }}

),

left_histories as (

    select
        visitor_no,
        min(event_at) as touched_from,
        max(event_at) as left_until
    from withdrawn
    where visitor_no is not null
    group by visitor_no

),

-- Order lines that count no more, or count again, and refunds that are worth what their order says.
decided as (
    {{ decided_histories('stitched', 'accepted') }}
),

-- Devices that have another owner, or may have none any more.
linked_anew as (
    {{ devices_linked_anew(newest('batch_at', this)) }}
),

-- What was done on them, events that have left included, and what names an order alone that was bought on them.
acts_on_devices as (

    select
        accepted.anonymous_no,
        accepted.customer_no,
        accepted.event_at
    from accepted
    inner join linked_anew on accepted.anonymous_no = linked_anew.anonymous_no

    union all

    select
        withdrawn.anonymous_no,
        withdrawn.customer_no,
        withdrawn.event_at
    from withdrawn
    inner join linked_anew on withdrawn.anonymous_no = linked_anew.anonymous_no

    union all

    select
        decisions.anonymous_no,
        cast(null as bigint) as customer_no,
        decisions.event_at
    from {{ ref('int_order_decisions') }} as decisions
    inner join linked_anew on decisions.anonymous_no = linked_anew.anonymous_no

),

anonymous_histories as (

    select
        anonymous_no as visitor_no,
        min(event_at) as touched_from,
        cast(null as {{ moment_type() }}) as left_until
    from acts_on_devices
    where customer_no is null
    group by anonymous_no

),

-- The history of a device goes from one owner to another: the device itself, or a customer seen on it before.
former_and_new_owners as (

    select distinct
        acts_on_devices.customer_no as visitor_no,
        anonymous_histories.touched_from,
        cast(null as {{ moment_type() }}) as left_until
    from acts_on_devices
    inner join anonymous_histories on acts_on_devices.anonymous_no = anonymous_histories.visitor_no
    where acts_on_devices.customer_no is not null

),
{%- endif %}

touched as (

    select * from new_events
    {% if is_incremental() -%}
    union all
    select * from left_histories
    union all
    select * from decided
    union all
    select * from anonymous_histories
    union all
    select * from former_and_new_owners
    {%- endif %}

),

final as (

    select
        visitor_no,
        min(touched_from) as touched_from,
        max(left_until) as left_until,
        {{ newest_move(decisions=ref('int_order_decisions')) }} as batch_at
    from touched
    group by visitor_no

)

select * from final
