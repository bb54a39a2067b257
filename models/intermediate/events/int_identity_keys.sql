{{ config(materialized='incremental', incremental_strategy='append') }}
-- depends_on: {{ ref('int_arrival_days') }}, {{ ref('int_arrivals_let_in') }}

-- The public key behind each whole number. Raw ids are read here and do not leave.
with

arrivals as {{ read_each_time() }} (
    {{ pending_arrivals(
        'arrivals.source, arrivals.customer_id, arrivals.device_id'
        ~ (', arrivals.is_erased' if has_tombstones() else '')
    ) }}
),

raw_ids as (

    select distinct
        source,
        'customer' as kind,
        customer_id as raw_id
    from arrivals
    where customer_id is not null {{ 'and not is_erased' if has_tombstones() }}

    union all

    select distinct
        source,
        'device' as kind,
        device_id as raw_id
    from arrivals
    where device_id is not null {{ 'and not is_erased' if has_tombstones() }}

),

keys as (

    select
        source,
        kind,
        {{ hmac_sha256("source || ':' || kind || ':' || raw_id") }} as identity_key,
        -- Two customers that differ in capitals alone share it. It is a key of a kind of its own, and nobody's id.
        case
            when kind = 'customer' and lower(raw_id) <> upper(raw_id)
                then {{ id_key('customer in any case', 'lower(raw_id)') }}
        end as folded_key
    from raw_ids

),

final as (

    select
        {{ key_number('identity_key') }} as identity_no,
        identity_key,
        source,
        kind,
        folded_key
    from keys
    {% if is_incremental() -%}
    where not exists (
        select 1 from {{ this }} as standing
        where standing.identity_key = keys.identity_key
    )
    {%- endif %}

)

select * from final
