{{ config(enabled=source_is_enabled('online_retail')) }}

-- Customers are known by their lines only; eight of them have two countries, the more frequent one counts.
with

lines as (

    select * from {{ ref('base_online_retail__lines') }}

),

countries as (

    select
        customer_id,
        country,
        count(*) as count_lines
    from lines
    where customer_id is not null
    group by customer_id, country

),

ranked_countries as (

    select
        customer_id,
        country,
        row_number() over (partition by customer_id order by count_lines desc, country asc) as country_no
    from countries

),

final as (

    select
        'online_retail' as source,
        customer_id,
        cast(null as {{ moment_type() }}) as registered_at,
        country,
        cast(null as integer) as birth_year,
        cast(null as string) as gender,
        cast(null as string) as acquisition_channel,
        cast(null as boolean) as has_marketing_consent,
        cast(null as string) as attributes,
        cast(null as string) as value_notes
    from ranked_countries
    where country_no = 1

)

select * from final
