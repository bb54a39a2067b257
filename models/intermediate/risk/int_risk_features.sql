{{ config(materialized='incremental', incremental_strategy='replace_attempts', tags=['risk']) }}

-- What was known of each attempt to pay at the moment before it: how often and how much its customer, device, card,
-- address, IP prefix and terminal had paid, and which labels had come in by then. Whatever arrives later moves nothing.
{%- set day = 86400000000 %}
with

refunds as {{ read_once() }} (

    select
        *,
        {{ microseconds_of('known_at') }} as refunded_us
    from {{ ref('int_risk_refunds') }}

),

{{ noted_refunds('refunds') }},

payment_attempts as {{ read_each_time() }} (

    select
        *,
        {{ microseconds_of('attempted_at') }} as asked_us,
        {{ microseconds_of(shop_clock('attempted_at')) }} as clock_us,
        {{ microseconds_of('registered_at') }} as registered_us,
        {{ microseconds_of('known_at') }} as known_us,
        -- What is heard of an attempt says nothing of its customer before the attempt is known, too.
        {{ microseconds_of(at_least('fraud_known_at', 'known_at')) }} as fraud_us,
        {{ microseconds_of(at_least('fraud_cleared_at', 'known_at')) }} as cleared_us,
        {{ microseconds_of(at_least('fraud_again_at', 'known_at')) }} as again_us,
        {{ microseconds_of(at_least('outcome_known_at', 'known_at')) }} as outcome_us,
        {{ noted_expressions() | join(',\n        ') }}
    from {{ ref('int_payment_attempts') }}

),

known_attempts as {{ read_each_time() }} (

    select
        payment_attempts.*,
        {{ prefixed('noted_refunds', refund_notes()) | join(',\n        ') }}
    from payment_attempts
    left join noted_refunds on payment_attempts.attempt_id = noted_refunds.attempt_id

),

{% if is_incremental() -%}
{{ changed_attempts('known_attempts', 'refunds') }},

{{ asking_attempts('known_attempts') }},
{%- endif %}

attempts as {{ read_once() }} (
    {{ attempts_that_ask('known_attempts') }}
),

frauds as {{ read_once() }} (
    {{ risk_frauds('attempts') }}
),

acts as {{ read_once() }} (
    {{ risk_acts('attempts', day) }}
),

facts as {{ read_once() }} (
    {{ risk_facts('attempts', 'frauds', 'refunds') }}
),

{{ customers_before('acts') }},

{{ fact_sums('customer', 'visitor_no') }},

{%- for kind, entity in risk_entities().items() %}

{{ entity_features(kind, entity) }},
{%- endfor %}
{%- for kind, entity in new_entities().items() %}

{{ met_before(kind, entity) }},
{%- endfor %}
{%- for kind, entity in card_holders().items() %}

{{ card_sums(kind, entity, day) }},
{%- endfor %}

{{ ring_features('acts', 'facts', day) }},

features as (

    select
        attempts.attempt_id,
        {{ prefixed('attempts', noted_of_attempts()) | join(',\n        ') }},
        {%- for kind in new_entities() %}
        case when new_{{ kind }}.met_before > 0 then 0e0 when new_{{ kind }}.is_question then 1e0 end
            as is_new_{{ kind }},
        {%- endfor %}
        {%- for kind in risk_entities() %}
        {{ prefixed(kind ~ '_features', entity_feature_names(kind)) | join(',\n        ') }},
        {%- endfor %}
        {%- for kind, entity in card_holders().items() %}
        {%- for name in ['cards_1d', 'failed_cards_1d'] %}
        {{ none_known(kind ~ '_cards.' ~ name, 'attempts.' ~ entity) }} as {{ kind }}_{{ name }},
        {%- endfor %}
        {%- endfor %}
        ring_features.ring_members,
        ring_features.ring_fraud_share,
        {{ customer_risk_features('attempts') }}
    from attempts
    {{ join_feature_parts() }}
    where attempts.is_asked

),

{{ with_standing_features('features', noted_of_attempts() | list) }}

select * from final
