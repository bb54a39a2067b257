{{ config(enabled=source_is_enabled('segment')) }}

-- Customers as their newest identify message describes them. Names and addresses stay where they are: of the traits
-- only those that the project uses are taken.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

identified as (

    select
        user_id,
        sent_at,
        row_json,
        json_transform(
            traits,
            '{
                "createdAt": "VARCHAR", "gender": "VARCHAR", "birthday": "VARCHAR", "marketing_consent": "BOOLEAN",
                "acquisition_channel": "VARCHAR", "plan": "VARCHAR", "address": {"country": "VARCHAR"}
            }'
        ) as trait
    from messages
    where user_id is not null
        and source_event_name = 'identify'

),

ranked as (

    select
        *,
        row_number() over (partition by user_id order by sent_at desc, row_json) as message_no
    from identified

),

final as (

    select
        'segment' as source,
        user_id as customer_id,
        try_cast(trait.createdAt as timestamptz) as registered_at,
        trait.address.country,
        cast(year(try_cast(trait.birthday as timestamptz)) as integer) as birth_year,
        trait.gender,
        trait.acquisition_channel,
        trait.marketing_consent as has_marketing_consent,
        case when trait.plan is not null then cast(json_object('plan', trait.plan) as varchar) end as attributes
    from ranked
    where message_no = 1

)

select * from final
