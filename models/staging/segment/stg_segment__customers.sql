{{ config(enabled=source_is_enabled('segment')) }}

-- Customers as their newest identify message describes them. Names and addresses stay where they are: of the traits
-- only those that the project uses are taken.
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

identified as (

    select
        messages.user_id,
        messages.sent_at,
        messages.row_json,
        {{ parsed_json('messages.traits', {
            'createdAt': 'string', 'gender': 'string', 'birthday': 'string', 'marketing_consent': 'boolean',
            'acquisition_channel': 'string', 'plan': 'string', 'address': {'country': 'string'}
        }) }} as trait
    from messages
    where messages.user_id is not null
        and messages.source_event_name = 'identify'

),

ranked as (

    select
        *,
        row_number() over (partition by user_id order by sent_at desc, row_json asc) as message_no
    from identified

),

final as (

    select
        'segment' as source,
        ranked.user_id as customer_id,
        try_cast(ranked.trait.createdat as {{ moment_type() }}) as registered_at,
        ranked.trait.address.country,
        cast(extract(year from try_cast(ranked.trait.birthday as {{ moment_type() }})) as integer) as birth_year,
        ranked.trait.gender,
        ranked.trait.acquisition_channel,
        ranked.trait.marketing_consent as has_marketing_consent,
        case
            when ranked.trait.plan is not null then {{ json_of({'plan': 'ranked.trait.plan'}) }}
        end as attributes
    from ranked
    where ranked.message_no = 1

)

select * from final
