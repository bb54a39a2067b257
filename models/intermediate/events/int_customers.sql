-- One row a customer who is known from an event or from a customer list.
with

attributes as (
    {{ union_sources('customers') }}
),

stitched as (

    select * from {{ ref('int_stitched_events') }}
    where event_type not in {{ label_event_types() }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}
    where kind = 'customer'

),

keyed_attributes as (

    select
        *,
        {{ hmac_sha256("source || ':customer:' || customer_id") }} as customer_key,
        -- The first listing counts; the digest settles ties, so that the order of the rows decides nothing.
        row_number() over (
            partition by source, customer_id
            order by
                registered_at nulls last,
                attributes nulls last,
                {{ stable_digest(
                    ['country', 'gender', 'acquisition_channel', 'birth_year', 'has_marketing_consent']
                ) }}
        ) as listing_no,
        count(*) over (partition by source, customer_id) as listing_count
    from attributes
    where customer_id is not null {{ and_not_erased('attributes', 'customers') }}

),

listed as (

    select
        *,
        {{ key_number('customer_key') }} as customer_no
    from keyed_attributes
    where listing_no = 1

),

{{ masking_ctes('listed', masked_columns().customers) }},

seen as (

    select
        customer_no,
        min(event_at) as first_seen_at,
        max(event_at) as last_seen_at,
        min(case when event_type = 'register' then event_at end) as registered_at,
        min(country) as country
    from stitched
    where customer_no is not null
    group by customer_no

),

final as (

    select
        coalesce(seen.customer_no, listed.customer_no) as customer_no,
        coalesce(keys.identity_key, listed.customer_key) as customer_key,
        coalesce(keys.source, listed.source) as source,

        coalesce(listed.country, seen.country) as country,
        listed.gender,
        listed.masked_acquisition_channel as acquisition_channel,
        listed.masked_attributes as attributes,

        listed.birth_year,
        cast(coalesce(listed.listing_count, 0) as bigint) as listing_count,

        listed.has_marketing_consent,

        coalesce(listed.registered_at, seen.registered_at) as registered_at,
        seen.first_seen_at,
        seen.last_seen_at
    from seen
    full outer join masked as listed on seen.customer_no = listed.customer_no
    left join keys on seen.customer_no = keys.identity_no

)

select * from final
