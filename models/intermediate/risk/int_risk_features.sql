{{ config(tags=['risk']) }}

-- What was known of each attempt to pay at the moment before it: how often and how much its customer, device, card,
-- address, IP prefix and terminal had paid, and which labels had come in by then. Whatever arrives later moves nothing.
{%- set day = 86400000000 %}
{%- set usual = '2.5e0' %}
{%- set fewest_usual = 3 %}
with

attempts as (

    select
        *,
        {{ microseconds_of('attempted_at') }} as asked_us,
        {{ microseconds_of(shop_clock('attempted_at')) }} as clock_us,
        {{ microseconds_of('known_at') }} as known_us,
        {{ microseconds_of('fraud_known_at') }} as fraud_us,
        {{ microseconds_of('fraud_cleared_at') }} as cleared_us,
        {{ microseconds_of('outcome_known_at') }} as outcome_us,
        {{ microseconds_of('refunded_known_at') }} as refunded_us,
        {{ microseconds_of('registered_at') }} as registered_us
    from {{ ref('int_payment_attempts') }}

),

acts as {{ read_once() }} (
    {{ risk_acts('attempts', day) }}
),

facts as {{ read_once() }} (
    {{ risk_facts('attempts') }}
),

means as (

    select
        attempt_id,
        visitor_no,
        moment,
        is_question,
        counted_amount,
        coalesce({{ known_before('sum(attempts)', 'visitor_no') }}, 0e0) as attempts_before,
        {{ known_before('avg(counted_amount)', 'visitor_no') }} as mean_before,
        {{ known_before('max(counted_amount)', 'visitor_no') }} as largest_before,
        {{ known_before('max(case when attempts > 0 then moment end)', 'visitor_no') }} as last_at
    from acts

),

-- One amount out of the ordinary must not become the ordinary: it counts with what is usual at most.
usual_amounts as (

    select
        *,
        case
            when counted_amount > {{ usual }} * mean_before then {{ usual }} * mean_before
            else counted_amount
        end as usual_amount,
        case
            when attempts_before >= {{ fewest_usual }} and counted_amount > {{ usual }} * mean_before then 1e0
            else 0e0
        end as is_unusual,
        counted_amount / nullif(mean_before, 0e0) as ratio
    from means

),

customer_sums as (

    select
        attempt_id,
        is_question,
        attempts_before,
        mean_before,
        largest_before,
        last_at,
        {%- for name, days in {'1h': 1 / 24, '1d': 1, '7d': 7, '30d': 30}.items() %}
        {{ grown_within('attempts_before', 'visitor_no', days) }} as attempts_{{ name }},
        {%- endfor %}
        {{ known_before('avg(usual_amount)', 'visitor_no') }} as usual_mean,
        {{ known_before('stddev_samp(usual_amount)', 'visitor_no') }} as usual_spread,
        {{ known_before('max(ratio)', 'visitor_no', 14) }} as largest_ratio_14d,
        {%- for days in [7, 14] %}
        {{ known_before('sum(is_unusual)', 'visitor_no', days) }} as unusual_{{ days }}d,
        {%- endfor %}
        {{ known_before('max(case when is_unusual > 0 then moment end)', 'visitor_no') }} as unusual_at
    from usual_amounts

),

customers as (

    select * from customer_sums
    where is_question

),

{{ fact_sums('customer', 'visitor_no') }},

{%- for kind, entity in risk_entities().items() %}

{{ entity_features(kind, entity) }},
{%- endfor %}
{%- for kind, entity in new_entities().items() %}

met_{{ kind }} as (

    select
        attempt_id,
        is_question,
        {{ known_before('sum(attempts)', 'visitor_no, ' ~ entity) }} as met_before
    from acts
    where {{ entity }} is not null

),

new_{{ kind }} as (

    select * from met_{{ kind }}
    where is_question

),
{%- endfor %}

{{ ring_features('acts', 'facts', day) }},

final as (

    select
        attempts.attempt_id,
        {%- for kind in new_entities() %}
        case when new_{{ kind }}.met_before > 0 then 0e0 when new_{{ kind }}.is_question then 1e0 end
            as is_new_{{ kind }},
        {%- endfor %}
        {%- for kind in risk_entities() %}
        {{ prefixed(kind ~ '_features', entity_feature_names(kind)) | join(',\n        ') }},
        {%- endfor %}
        ring_features.ring_members,
        ring_features.ring_fraud_share,
        {{ customer_risk_features('attempts') }}
    from attempts
    inner join customers on attempts.attempt_id = customers.attempt_id
    {{ join_feature_parts() }}

)

select * from final
