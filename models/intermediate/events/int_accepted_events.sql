{{ config(materialized='incremental', incremental_strategy='replace_deliveries') }}
-- depends_on: {{ ref('int_arrival_days') }}
-- The keys come first: a day counts as done when its events stand here, and then its keys must stand as well.
-- depends_on: {{ ref('int_identity_keys') }}

-- The accepted events, once each, with whole numbers for keys: what everything downstream reads.
-- `int_events` shows the same rows with the public keys.
{%- set content = delivery_content() %}
with

arrivals as not materialized (
    {{ pending_arrivals() }}
),

repeated as (

    select * from {{ ref('int_repeated_events') }}

),

once as (

    select arrivals.*
    from arrivals
    where arrivals.reason is null
        and not exists (
            select 1 from repeated
            where repeated.event_id = arrivals.event_id and repeated.source = arrivals.source
        )

),

-- The first delivery counts; the digest settles a tie the same way whatever the order of arrival.
deliveries as (

    select
        arrivals.*,
        row_number() over (
            partition by arrivals.source, arrivals.event_id
            order by arrivals.received_at, {{ delivery_order('arrivals') }}
        ) as delivery_no
    from arrivals
    inner join repeated
        on arrivals.event_id = repeated.event_id
        and arrivals.source = repeated.source
    where arrivals.reason is null

),

first_deliveries as (

    select * exclude (delivery_no) from deliveries
    where delivery_no = 1

),

valid as not materialized (

    select * from once
    union all
    select * from first_deliveries

),

-- A key costs two hashes: made once for each id, not for each row.
customer_ids as (

    select distinct
        source,
        customer_id as raw_id
    from arrivals
    where customer_id is not null

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
    where device_id is not null

),

device_keys as (

    select
        source,
        raw_id,
        {{ key_number(hmac_sha256("source || ':device:' || raw_id")) }} as anonymous_no
    from device_ids

),

candidates as (

    select
        valid.source,
        valid.event_id,
        customer_keys.customer_no,
        device_keys.anonymous_no,
        valid.item_id,
        valid.order_id,

        valid.event_type,
        valid.currency,
        valid.session_hint,
        valid.channel,
        valid.device,
        valid.country,
        valid.properties,

        valid.quantity,
        valid.unit_price,
        valid.amount,

        valid.event_at,
        valid.received_at
    from valid
    left join customer_keys
        on valid.customer_id = customer_keys.raw_id
        and valid.source = customer_keys.source
    left join device_keys
        on valid.device_id = device_keys.raw_id
        and valid.source = device_keys.source

),

{% if is_incremental() -%}
{%- set earliest = "timestamptz '" ~ earliest_pending_day() ~ " 00:00:00+00'" %}
-- What these can meet: all of the days that are read again, whatever is in between, and of the days before that only
-- events that come once more. Those are among the repeated ones.
standing as (

    select
        source,
        event_id,
        received_at,
        {{ row_digest(content) }} as content_digest
    from {{ this }}
    where received_at >= {{ earliest }}

    union all

    select
        accepted.source,
        accepted.event_id,
        accepted.received_at,
        null as content_digest
    from {{ this }} as accepted
    inner join first_deliveries
        on accepted.event_id = first_deliveries.event_id
        and accepted.source = first_deliveries.source
    where accepted.received_at < {{ earliest }}

),
{%- endif %}

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
        from standing
        where standing.event_id = candidates.event_id
            and standing.source = candidates.source
            and (
                standing.received_at < candidates.received_at
                or (
                    standing.received_at = candidates.received_at
                    and standing.content_digest <= {{ row_digest(prefixed('candidates', content)) }}
                )
            )
    )
    {%- endif %}

)

select * from final
