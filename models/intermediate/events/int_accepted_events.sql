{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=['source', 'event_id']) }}
-- depends_on: {{ ref('int_arrival_days') }}

-- The accepted events, once each, with whole numbers for keys: what everything downstream reads.
-- `int_events` shows the same rows with the public keys.
{%- set content = [
    'event_at', 'received_at', 'event_type', 'customer_no', 'anonymous_no', 'item_id', 'order_id', 'quantity',
    'unit_price', 'amount', 'currency', 'session_hint', 'channel', 'device', 'country', 'properties'
] %}
with

arrivals as not materialized (
    {{ pending_arrivals() }}
),

repeated as (

    select * from {{ ref('int_repeated_events') }}

),

-- A key costs two hashes: made once for each id, not for each row.
customer_ids as (

    select distinct
        source,
        customer_id as raw_id
    from arrivals
    where reason is null and customer_id is not null

),

customer_keys as (

    select
        source,
        raw_id,
        {{ key_number(hmac_sha256("source || ':customer:' || raw_id")) }} as customer_no
    from customer_ids

),

device_ids as (

    select distinct
        source,
        device_id as raw_id
    from arrivals
    where reason is null and device_id is not null

),

device_keys as (

    select
        source,
        raw_id,
        {{ key_number(hmac_sha256("source || ':device:' || raw_id")) }} as anonymous_no
    from device_ids

),

keyed as not materialized (

    select
        arrivals.source,
        arrivals.event_id,
        customer_keys.customer_no,
        device_keys.anonymous_no,
        arrivals.item_id,
        arrivals.order_id,

        arrivals.event_type,
        arrivals.currency,
        arrivals.session_hint,
        arrivals.channel,
        arrivals.device,
        arrivals.country,
        arrivals.properties,

        arrivals.quantity,
        arrivals.unit_price,
        arrivals.amount,

        arrivals.event_at,
        arrivals.received_at
    from arrivals
    left join customer_keys
        on arrivals.customer_id = customer_keys.raw_id
        and arrivals.source = customer_keys.source
    left join device_keys
        on arrivals.device_id = device_keys.raw_id
        and arrivals.source = device_keys.source
    where arrivals.reason is null

),

once as (

    select keyed.*
    from keyed
    where not exists (
        select 1 from repeated
        where repeated.event_id = keyed.event_id and repeated.source = keyed.source
    )

),

-- The first delivery counts; the digest settles a tie the same way whatever the order of arrival.
deliveries as (

    select
        keyed.*,
        row_number() over (
            partition by keyed.source, keyed.event_id
            order by keyed.received_at, {{ row_digest(content) }}
        ) as delivery_no
    from keyed
    inner join repeated
        on keyed.event_id = repeated.event_id
        and keyed.source = repeated.source

),

first_deliveries as (

    select * exclude (delivery_no) from deliveries
    where delivery_no = 1

),

candidates as (

    select * from once
    union all
    select * from first_deliveries

),

final as (

    select
        candidates.*,
        {% if is_incremental() -%}
        -- Never behind an earlier run, even when the clock is.
        greatest(
            timestamptz '{{ run_started_at.isoformat() }}',
            (select max(loaded_at) + interval 1 microsecond from {{ this }})
        ) as loaded_at
        {%- else -%}
        timestamptz '{{ run_started_at.isoformat() }}' as loaded_at
        {%- endif %}
    from candidates
    {% if is_incremental() -%}
    -- A row that stands already, or that an earlier day delivered first, is left as it is.
    where not exists (
        select 1
        from {{ this }} as standing
        where standing.event_id = candidates.event_id
            and standing.source = candidates.source
            and (
                standing.received_at < candidates.received_at
                or (
                    standing.received_at = candidates.received_at
                    and {{ row_digest(prefixed('standing', content)) }} <= {{ row_digest(prefixed('candidates', content)) }}
                )
            )
    )
    {%- endif %}

)

select * from final
