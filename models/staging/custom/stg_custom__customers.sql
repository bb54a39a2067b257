{{ config(enabled=source_is_enabled('custom')) }}

-- Customers that the user brings; without a file of them, the customers are those that the events name.
{%- if var('custom_customers_path') or var('custom_customers_relation') %}
{%- set input = custom_input(
    source('custom', 'customers') if not var('custom_customers_relation') else none,
    'customers',
    ['customer_id'],
    [
        'registered_at', 'country', 'birth_year', 'gender', 'acquisition_channel', 'has_marketing_consent',
        'attributes'
    ]
) %}
{%- set found = with_formats('custom.customers', input.table, 'input_rows', input.found, ['registered_at'], []) %}
with

raw_rows as (

    select * from {{ input.table }}

),

input_rows as (

    select
        input_rows.*,
        {{ clean_texts(found, owners=['customer_id']) }}
    from raw_rows as input_rows

),

{% set clean = cleaned(found, 'input_rows', ['customer_id']) -%}
final as (

    select
        'custom' as source,
        {{ owner_id_value(clean.customer_id) }} as customer_id,
        {{ time_value(clean.registered_at) }} as registered_at,
        {{ text_value(clean.country) }} as country,
        {{ year_value(clean.birth_year) }} as birth_year,
        {{ text_value(clean.gender) }} as gender,
        {{ text_value(clean.acquisition_channel) }} as acquisition_channel,
        {{ consent_value(clean.has_marketing_consent) }} as has_marketing_consent,
        {{ custom_extras(clean.attributes, input.others) }} as attributes,
        {{ value_notes(
            nothing_notes(clean, ['customer_id']) + clock_notes(clean)
            + missing_id_notes('customer_id', owner_id_value(clean.customer_id))
            + lost_id_notes(clean, ['customer_id'])
            + lost_value_notes('registered_at', clean.registered_at, time_value(clean.registered_at), 'no time')
            + lost_value_notes('birth_year', clean.birth_year, year_value(clean.birth_year), 'no year')
            + custom_extras_notes('attributes', clean.attributes, input.others)
            + consent_notes('has_marketing_consent', clean.has_marketing_consent)
        ) }} as value_notes
    from input_rows

)
{%- else %}
with

final as (

    select
        'custom' as source,
        cast(null as string) as customer_id,
        cast(null as {{ moment_type() }}) as registered_at,
        cast(null as string) as country,
        cast(null as integer) as birth_year,
        cast(null as string) as gender,
        cast(null as string) as acquisition_channel,
        cast(null as boolean) as has_marketing_consent,
        cast(null as string) as attributes,
        cast(null as string) as value_notes
    where false

)
{%- endif %}

select * from final
