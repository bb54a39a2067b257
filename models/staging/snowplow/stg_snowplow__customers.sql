{{ config(enabled=source_is_enabled('snowplow')) }}

-- Customers are known by their events: the country of the newest, the channel of the first.
with

events as (

    select * from {{ ref('base_snowplow__events') }}

),

ranked as (

    select
        user_id,
        country,
        medium,
        row_number() over (
            partition by user_id order by coalesce(derived_at, collected_at), event_index nulls last, row_json
        ) as event_no,
        row_number() over (
            partition by user_id
            order by coalesce(derived_at, collected_at) desc, event_index desc nulls first, row_json asc
        ) as event_no_from_end
    from events
    where user_id is not null

),

final as (

    select
        'snowplow' as source,
        user_id as customer_id,
        cast(null as {{ moment_type() }}) as registered_at,
        max(case when event_no_from_end = 1 then country end) as country,
        cast(null as integer) as birth_year,
        cast(null as string) as gender,
        max(case when event_no = 1 then medium end) as acquisition_channel,
        cast(null as boolean) as has_marketing_consent,
        cast(null as string) as attributes,
        cast(null as string) as value_notes
    from ranked
    group by user_id

)

select * from final
