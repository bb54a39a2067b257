{{ config(enabled=source_is_enabled('storefront')) }}

with

customers as (

    select * from {{ source('raw_storefront', 'customers') }}

),

final as (

    select
        'storefront' as source,
        customer_id,
        registered_at,
        country,
        birth_year,
        gender,
        acquisition_channel,
        has_marketing_consent,
        attributes,
        cast(null as string) as value_notes
    from customers

)

select * from final
