{{ config(materialized='incremental', incremental_strategy='take_in_and_out') }}
-- depends_on: {{ ref('int_arrival_days') }}, {{ ref('int_withdrawn_events') }}, {{ ref('int_repeated_events') }}
-- depends_on: {{ ref('int_identity_keys') }}: a day counts as done when its events are here, and its keys with them.

-- The accepted events, once each, under keys: what everything downstream reads. Those of customers and devices are
-- whole numbers; `int_events` shows the same rows with the public ones.
with

arrivals as {{ read_each_time() }} (
    {{ pending_arrivals() }}
),

repeated_ids as {{ read_once() }} (
    {{ repeated_ids('arrivals') }}
),

once as (

    select {{ prefixed('arrivals', delivery_columns() + ['act_rank']) | join(', ') }}
    from arrivals
    where arrivals.reason is null
        and not exists (
            select 1 from repeated_ids
            where repeated_ids.event_id = arrivals.event_id and repeated_ids.source = arrivals.source
        )

),

-- The first delivery counts, of a record the newest version; the digest settles a tie whatever the order of arrival.
deliveries as (

    select
        arrivals.*,
        row_number() over (
            partition by arrivals.source, arrivals.event_id
            order by {{ delivery_order('arrivals') }}
        ) as delivery_no
    from arrivals
    inner join repeated_ids
        on arrivals.event_id = repeated_ids.event_id
        and arrivals.source = repeated_ids.source
    where arrivals.reason is null

),

first_deliveries as (

    select {{ (delivery_columns() + ['act_rank']) | join(', ') }}
    from deliveries
    where delivery_no = 1

),

valid as {{ read_each_time() }} (

    select * from once
    union all
    select * from first_deliveries

),

{{ key_numbers('arrivals') }},

keyed as (
    {{ with_keys('valid') }}
),

{% if is_incremental() -%}
left_since as (

    select
        source,
        event_id
    from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ newest('loaded_at', this) }}

),

-- What these can meet: all of the days that are read again, whatever is in between, and of the days before that only
-- events that come once more. Those are among the repeated ones.
met as (

    select
        source,
        event_id
    from {{ this }}
    where received_at >= {{ earliest_pending_time() }}

    union all

    select
        accepted.source,
        accepted.event_id
    from {{ this }} as accepted
    inner join first_deliveries as arrivals
        on accepted.event_id = {{ event_key('arrivals') }}
        and accepted.source = arrivals.source
    where accepted.received_at < {{ earliest_pending_time() }}

),
{%- endif %}

final as (

    select
        keyed.source,
        keyed.event_id,
        keyed.customer_no,
        keyed.anonymous_no,
        keyed.item_id,
        keyed.order_id,

        keyed.event_type,
        keyed.currency,
        keyed.session_hint,
        keyed.channel,
        {{ prefixed('keyed', visit_columns() + ['device', 'country'] + payment_columns()) | join(', ') }},
        {{ prefixed('keyed', ['source_event_id', 'message_text']) | join(', ') }},
        keyed.properties,

        keyed.quantity,
        keyed.unit_price,
        keyed.amount,
        keyed.listed_amount,

        keyed.event_at,
        -- The day in the shop is settled here, once: all that counts days reads it.
        {{ shop_day_of('keyed.event_at') }} as shop_day,
        keyed.received_at,
        keyed.sequence_no,
        keyed.act_rank,
        {{ later_than_all(
            [('withdrawn_at', ref('int_withdrawn_events'))] + ([('loaded_at', this)] if is_incremental() else [])
        ) }} as loaded_at
    from keyed
    {% if is_incremental() -%}
    where not exists (
        select 1 from met
        where met.event_id = keyed.event_id and met.source = keyed.source
    )
    -- An event that was withdrawn makes room for another delivery of it.
    or exists (
        select 1 from left_since
        where left_since.event_id = keyed.event_id and left_since.source = keyed.source
    )
    {%- endif %}

)

select * from final
