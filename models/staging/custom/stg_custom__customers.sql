{{ config(enabled=source_is_enabled('custom')) }}

-- Customers that the user brings; without a file of them, the customers are those that the events name.
{%- if var('custom_customers_path') %}
{%- set input = custom_input(
    source('custom', 'customers'),
    'customers',
    ['customer_id'],
    [
        'registered_at', 'country', 'birth_year', 'gender', 'acquisition_channel', 'has_marketing_consent',
        'attributes'
    ]
) %}
{%- set found = input.found %}
with

input_rows as (

    select * from {{ input.table }}

),

final as (

    select
        'custom' as source,
        {{ id_value(found.customer_id) }} as customer_id,
        {{ time_value(found.registered_at) }} as registered_at,
        {{ text_value(found.country) }} as country,
        try_cast({{ number_value(found.birth_year) }} as integer) as birth_year,
        {{ text_value(found.gender) }} as gender,
        {{ text_value(found.acquisition_channel) }} as acquisition_channel,
        {{ boolean_value(found.has_marketing_consent) }} as has_marketing_consent,
        {{ custom_extras(found.attributes, input.others) }} as attributes
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
        cast(null as string) as attributes
    where false

)
{%- endif %}

select * from final
