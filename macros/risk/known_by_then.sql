{#- CTE `fraud_labels`: what was said of each attempt of a CTE `attempts`, and when that was known. A label names the
    event of the attempt, the error that came of it or a line of its order; else the order, whose last attempt before it counts. One that is not
    dated later than the attempt has no time of its own: nobody knew it then. -#}
{% macro fraud_labels(attempts) -%}
labels as (

    select
        event_id,
        order_id,
        labelled_event_id,
        customer_no,
        event_type = 'chargeback' as is_fraud,
        event_at,
        received_at,
        case when {{ own_event_name('properties', 'event_type') }} = 'is_fraud' then 'file' else 'chargeback' end
            as label_source
    from {{ ref('int_accepted_events') }}
    where event_type in {{ label_event_types() }}

),

of_one_order as (

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        case when labels.customer_no = attempts.named_customer_no then 0 else 1 end as is_of_another,
        case when attempts.outcome = 'order' then 0 else 1 end as is_unpaid,
        case when attempts.attempted_at <= labels.event_at then 0 else 1 end as is_later,
        abs({{ seconds_between('attempts.attempted_at', 'labels.event_at') }}) as distance
    from labels
    inner join {{ attempts }} as attempts on labels.order_id = attempts.order_number

),

named as (

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        1 as place
    from labels
    inner join {{ attempts }} as attempts on labels.labelled_event_id = attempts.attempt_id

    union all

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        2 as place
    from labels
    inner join acts on labels.labelled_event_id = acts.event_id
    inner join {{ attempts }} as attempts on acts.order_key = attempts.led_to

    union all

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        2 as place
    from labels
    inner join {{ attempts }} as attempts on labels.labelled_event_id = attempts.followed_by

    union all

    select
        label_id,
        attempt_id,
        row_number() over (
            partition by label_id
            order by is_of_another, is_unpaid, is_later, distance, attempt_id
        ) + 2 as place
    from of_one_order

),

placed as (

    select
        *,
        row_number() over (partition by label_id order by place, attempt_id) as choice_no
    from named

),

-- What reviewers decided, of an attempt itself or of all attempts of a visitor's day.
verdicts as (

    select
        attempts.attempt_id,
        verdicts.is_fraud,
        verdicts.decided_at,
        attempts.attempted_at,
        true as is_own
    from {{ ref('int_risk_verdicts') }} as verdicts
    inner join {{ attempts }} as attempts on verdicts.attempt_id = attempts.attempt_id

    union all

    select
        attempts.attempt_id,
        verdicts.is_fraud,
        verdicts.decided_at,
        attempts.attempted_at,
        false as is_own
    from {{ ref('int_risk_verdicts') }} as verdicts
    inner join {{ attempts }} as attempts
        on verdicts.visitor_no = coalesce(attempts.customer_no, attempts.device_no)
        and verdicts.shop_day = attempts.shop_day
    where verdicts.attempt_id is null

),

own_verdicts as (

    select
        *,
        min(case when is_own then decided_at end) over (partition by attempt_id) as first_own_at
    from verdicts

),

dated as (

    select
        attempt_id,
        is_fraud,
        'verdict' as label_source,
        {{ at_least('decided_at', 'attempted_at') }} as labelled_at
    from own_verdicts
    -- Once an attempt is judged by itself, what is decided of its day says no more of it.
    where is_own or first_own_at is null or decided_at < first_own_at

    union all

    select
        placed.attempt_id,
        labels.is_fraud,
        labels.label_source,
        case
            when labels.event_at > attempts.attempted_at then {{ at_least('labels.event_at', 'labels.received_at') }}
            else {{ at_least(
                minutes_from('attempts.attempted_at', var('risk_label_delay_days') * 1440), 'labels.received_at'
            ) }}
        end as labelled_at
    from placed
    inner join labels on placed.label_id = labels.event_id
    inner join {{ attempts }} as attempts on placed.attempt_id = attempts.attempt_id
    where placed.choice_no = 1

),

fraud_dates as (

    select
        *,
        min(case when is_fraud then labelled_at end) over (partition by attempt_id) as fraud_known_at
    from dated

),

-- What comes later changes nothing of what was known before: the first label of fraud counts until the first one that
-- takes it back.
fraud_labels as (

    select
        attempt_id,
        min(fraud_known_at) as fraud_known_at,
        min(case when not is_fraud and labelled_at > fraud_known_at then labelled_at end) as fraud_cleared_at,
        min(case when not is_fraud then labelled_at end) as honest_known_at,
        min(case when is_fraud and labelled_at = fraud_known_at then label_source end) as fraud_source,
        min(case when not is_fraud then label_source end) as honest_source
    from fraud_dates
    group by attempt_id

)
{%- endmacro %}


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


{#- CTE `registrations`: since when the customer of each attempt of a CTE has had an account, as far as the shop had heard
    by then. A list of customers does not say when it was written: what it says counts from the day that it names. -#}
{% macro registrations(attempts, stitched) -%}
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

),

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
