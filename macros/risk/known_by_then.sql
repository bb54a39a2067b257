{#- CTE `known_customers`: of each attempt of a CTE `attempts` that names no customer, the one who was first seen on its
    device, of all that the shop had heard by then. -#}
{% macro known_customers(attempts) -%}
sightings as (

    select
        attempts.attempt_id,
        accepted.customer_no,
        row_number() over (partition by attempts.attempt_id order by {{ order_of_acts('accepted') }}) as sighting_no
    from {{ attempts }} as attempts
    inner join {{ ref('int_accepted_events') }} as accepted
        on attempts.device_no = accepted.anonymous_no
        and accepted.event_at < attempts.attempted_at
        and accepted.received_at < attempts.attempted_at
    where attempts.named_customer_no is null
        and accepted.customer_no is not null
        and accepted.event_type not in {{ label_event_types() }}

),

known_customers as (

    select
        attempts.*,
        coalesce(attempts.named_customer_no, sightings.customer_no) as customer_no
    from {{ attempts }} as attempts
    left join sightings
        on attempts.attempt_id = sightings.attempt_id
        and sightings.sighting_no = 1

)
{%- endmacro %}


{#- CTEs `registers` and `listed`: when customers registered by what they did, and by a list of customers where that says
    otherwise. -#}
{% macro registers(stitched) -%}
registers as (

    select
        customer_no,
        event_at,
        known_at,
        min(event_at) over (partition by customer_no) as first_at
    from {{ stitched }}
    where event_type = 'register'
        and customer_no is not null

),

listed as (

    select distinct
        customers.customer_no,
        customers.registered_at
    from {{ ref('int_customers') }} as customers
    left join registers
        on customers.customer_no = registers.customer_no
        and customers.registered_at = registers.first_at
    where customers.registered_at is not null
        and registers.customer_no is null

)
{%- endmacro %}


{#- CTE `registrations`: since when the customer of each attempt of a CTE has had an account, as far as the shop had heard
    by then. Reads CTEs `registers` and `listed`. A list of customers does not say when it was written: what it says counts from
    the day that it names. -#}
{% macro registrations(attempts) -%}
known_registrations as (

    select
        attempts.attempt_id,
        registers.event_at as registered_at
    from {{ attempts }} as attempts
    inner join registers
        on attempts.customer_no = registers.customer_no
        and attempts.attempted_at > registers.known_at

    union all

    select
        attempts.attempt_id,
        listed.registered_at
    from {{ attempts }} as attempts
    inner join listed
        on attempts.customer_no = listed.customer_no
        and attempts.attempted_at > listed.registered_at

),

registrations as (

    select
        attempt_id,
        min(registered_at) as registered_at
    from known_registrations
    group by attempt_id

)
{%- endmacro %}
