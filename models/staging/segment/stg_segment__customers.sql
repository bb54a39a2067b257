{{ config(enabled=source_is_enabled('segment')) }}

-- Customers as their newest identify message describes them. Names and addresses stay where they are: of the traits
-- only those that the project uses are taken, and those that var segment_traits names.
{%- set found = {
    'registered_at': text_column('coalesce(ranked.trait.createdat, ranked.trait.created_at)'),
    'country': text_column('coalesce(ranked.trait.address.country, ranked.trait.address_country)'),
    'birth_year': text_column('ranked.trait.birthday'),
    'gender': text_column('ranked.trait.gender'),
    'acquisition_channel': text_column('ranked.trait.acquisition_channel'),
    'has_marketing_consent': text_column('ranked.trait.marketing_consent')
} %}
with

messages as (

    select * from {{ ref('base_segment__messages') }}

),

identified as (

    select
        messages.user_id,
        messages.sent_at,
        messages.row_json,
        {{ computed_once(parsed_json('messages.traits', {
            'createdAt': 'string', 'created_at': 'string', 'address_country': 'string', 'gender': 'string', 'birthday': 'string', 'marketing_consent': 'string',
            'acquisition_channel': 'string', 'address': {'country': 'string'}
        })) }} as trait,
        messages.traits
    from messages
    where messages.user_id is not null
        and messages.source_event_name = 'identify'

),

numbered as (

    select
        *,
        row_number() over (partition by user_id order by sent_at desc, row_json asc) as message_no
    from identified

),

ranked as (

    select
        ranked.*,
        {{ clean_texts(found) }}
    from numbered as ranked

),

{% set clean = cleaned(found, 'ranked') -%}
final as (

    select
        'segment' as source,
        ranked.user_id as customer_id,
        {{ time_value(clean.registered_at) }} as registered_at,
        {{ text_value(clean.country) }} as country,
        cast(extract(year from {{ time_value(clean.birth_year) }}) as integer) as birth_year,
        {{ text_value(clean.gender) }} as gender,
        {{ text_value(clean.acquisition_channel) }} as acquisition_channel,
        {{ consent_value(clean.has_marketing_consent) }} as has_marketing_consent,
        {{ segment_attributes('ranked.traits') }} as attributes,
        {{ value_notes(
            nothing_notes(clean)
            + lost_value_notes('registered_at', clean.registered_at, time_value(clean.registered_at), 'no time')
            + lost_value_notes('birth_year', clean.birth_year, time_value(clean.birth_year), 'no time')
            + consent_notes('has_marketing_consent', clean.has_marketing_consent)
        ) }} as value_notes
    from ranked
    where ranked.message_no = 1

)

select * from final
