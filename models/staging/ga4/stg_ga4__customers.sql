{{ config(enabled=source_is_enabled('ga4')) }}

-- Customers as their newest event describes them; where they first came from is the export's own first-user source.
with

events as (

    select * from {{ ref('base_ga4__events') }}

),

ranked as (

    select
        user_id,
        country,
        first_user_source,
        row_number() over (
            partition by user_id order by event_at desc, sequence_no desc nulls first, row_json asc
        ) as event_no
    from events
    where user_id is not null

),

final as (

    select
        'ga4' as source,
        user_id as customer_id,
        cast(null as {{ moment_type() }}) as registered_at,
        country,
        cast(null as integer) as birth_year,
        cast(null as string) as gender,
        first_user_source as acquisition_channel,
        cast(null as boolean) as has_marketing_consent,
        cast(null as string) as attributes,
        cast(null as string) as value_notes
    from ranked
    where event_no = 1

)

select * from final
