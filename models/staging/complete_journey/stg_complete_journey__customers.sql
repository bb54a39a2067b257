{{ config(enabled=source_is_enabled('complete_journey')) }}

-- A third of the households gave details about themselves, in bands: an age band is not a birth year, so it stays an
-- attribute.
with

demographics as (

    select * from {{ complete_journey_file(source('complete_journey', 'demographics')) }}

),

final as (

    select
        'complete_journey' as source,
        cast(household_id as string) as customer_id,
        cast(null as {{ moment_type() }}) as registered_at,
        'US' as country,
        cast(null as integer) as birth_year,
        cast(null as string) as gender,
        cast(null as string) as acquisition_channel,
        cast(null as boolean) as has_marketing_consent,
        {{ json_of({
            'age': 'age',
            'income': 'income',
            'home_ownership': 'home_ownership',
            'marital_status': 'marital_status',
            'household_size': 'household_size',
            'household_composition': 'household_comp',
            'kids': 'kids_count'
        }) }} as attributes,
        cast(null as string) as value_notes
    from demographics

)

select * from final
