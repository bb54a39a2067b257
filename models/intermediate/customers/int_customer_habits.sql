-- What is known of how each listed customer shops: what they like, how and when they come. Empty for customers who were
-- never seen.
{%- set weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] %}
with

customers as (

    select * from {{ ref('int_customers') }}

),

tastes as (

    select * from {{ ref('int_customer_tastes') }}

),

visits as (

    select * from {{ ref('int_customer_visits') }}

),

rhythms as (

    select * from {{ ref('int_customer_rhythms') }}

),

final as (

    select
        customers.customer_key,

        tastes.favourite_category,
        tastes.second_category,
        tastes.third_category,
        tastes.favourite_brand,
        tastes.second_brand,
        tastes.third_brand,
        tastes.price_band,
        visits.main_channel,
        visits.main_device,
        case rhythms.usual_weekday_no
            {%- for weekday in weekdays %}
            when {{ loop.index }} then '{{ weekday }}'
            {%- endfor %}
        end as usual_weekday,
        visits.last_path,

        visits.session_count,
        rhythms.median_gap_days,
        rhythms.usual_hour,

        visits.last_session_at
    from customers
    left join tastes on customers.customer_no = tastes.customer_no
    left join visits on customers.customer_no = visits.customer_no
    left join rhythms on customers.customer_no = rhythms.customer_no

)

select * from final
