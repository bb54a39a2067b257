{#- What an attempt belongs to: the columns of int_payment_attempts that acts and facts are looked at by. -#}
{% macro risk_keys() %}
    {% do return(['attempt_id', 'visitor_no'] + risk_entities().values() | list) %}
{% endmacro %}


{#- Acts of attempts to pay: the question that each attempt asks, of those whose features are made (`is_asked`), and the
    attempt itself from when it was known. One that was known at once is both in one row. -#}
{% macro risk_acts(table, day) -%}
    {%- set is_honest = honest_at_close(var('risk_label_delay_days') * day) -%}
    select
        {{ risk_keys() | join(',\n        ') }},
        asked_us as moment,
        is_asked as is_question,
        case when known_us > asked_us then 0e0 else 1e0 end as attempts,
        case when known_us > asked_us then cast(null as double) else amount end as counted_amount,
        case when known_us > asked_us then false else {{ is_honest }} end as closes_honest
    from {{ table }}
    where is_asked
        or known_us <= asked_us

    union all

    select
        {{ risk_keys() | join(',\n        ') }},
        known_us as moment,
        false as is_question,
        1e0 as attempts,
        amount as counted_amount,
        {{ is_honest }} as closes_honest
    from {{ table }}
    where known_us > asked_us
{%- endmacro %}


{#- What became known of attempts later, each fact at its moment: few have any. `frauds` is 1 where a label of fraud came in
    and -1 where it was taken back. -#}
{% macro risk_facts(table) -%}
    {%- set facts = [
        ('fraud_us', 'fraud_us is not null', {'frauds': '1e0', 'fraud_attempted': 'asked_us'}),
        ('cleared_us', 'fraud_us is not null and cleared_us is not null', {'frauds': '-1e0'}),
        ('outcome_us', "outcome = 'error' and outcome_us is not null", {'failures': '1e0'}),
        ('refunded_us', 'refunded_us is not null', {'refunded': 'coalesce(refunded_amount, 0e0)'}),
    ] -%}
    {%- for moment, condition, values in facts %}
    select
        {{ risk_keys() | join(',\n        ') }},
        {{ moment }} as moment,
        {{ values.get('frauds', '0e0') }} as frauds,
        {{ values.get('fraud_attempted', 'cast(null as bigint)') }} as fraud_attempted,
        {{ values.get('failures', '0e0') }} as failures,
        {{ values.get('refunded', '0e0') }} as refunded
    from {{ table }}
    where {{ condition }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}


{#- Whether an attempt counted as honest when its labels had had their time: no label of fraud had come in by then, or it had
    been taken back. -#}
{% macro honest_at_close(delay) -%}
    not coalesce(
            fraud_us <= known_us + {{ delay }} and not coalesce(cleared_us <= known_us + {{ delay }}, false), false
        )
{%- endmacro %}


{#- Features of an attempt by itself, of its customer before it (CTE `customers`), and of what had become known of the
    customer's attempts (CTE `customer_facts`). -#}
{% macro customer_risk_features(attempt) -%}
    {%- set days = 'floor(' ~ attempt ~ '.clock_us / 86400e6)' -%}
    {{ attempt }}.amount,
        cast(floor({{ attempt }}.clock_us / 3600e6) as double) - 24e0 * {{ days }} as shop_hour,
        case when {{ days }} + 3e0 - 7e0 * floor(({{ days }} + 3e0) / 7e0) >= 5e0 then 1e0 else 0e0 end as is_weekend,
        case
            when {{ attempt }}.card_country <> {{ attempt }}.country then 1e0
            when {{ attempt }}.card_country = {{ attempt }}.country then 0e0
        end as is_foreign_card,
        {{ days_since(attempt ~ '.registered_us', attempt ~ '.asked_us') }} as days_since_registration,
        customers.attempts_before as customer_attempts,
        {%- for name in ['1h', '1d', '7d', '30d'] %}
        customers.attempts_{{ name }} as customer_attempts_{{ name }},
        {%- endfor %}
        coalesce(customer_facts.failed_1d, 0e0) as customer_failed_1d,
        coalesce(customer_facts.failed_7d, 0e0) as customer_failed_7d,
        coalesce(customer_facts.frauds_before, 0e0) as customer_frauds,
        {{ days_since('customer_facts.fraud_at', attempt ~ '.asked_us') }} as days_since_customer_fraud,
        {{ days_since('customers.last_at', attempt ~ '.asked_us') }} as days_since_attempt,
        coalesce(customer_facts.refunded_before, 0e0) / nullif(customers.mean_before * customers.attempts_before, 0e0)
            as refund_share,
        customers.usual_mean as own_mean,
        customers.usual_spread as own_spread,
        customers.largest_before as own_largest,
        {{ attempt }}.amount / nullif(customers.mean_before, 0e0) as amount_to_own_mean,
        {{ attempt }}.amount / nullif(customers.usual_mean, 0e0) as amount_to_own_usual,
        {{ attempt }}.amount / nullif(customers.largest_before, 0e0) as amount_to_own_largest,
        ({{ attempt }}.amount - customers.usual_mean) / nullif(customers.usual_spread, 0e0) as amount_deviations,
        customers.largest_ratio_14d,
        coalesce(customers.unusual_7d, 0e0) as unusual_amounts_7d,
        coalesce(customers.unusual_14d, 0e0) as unusual_amounts_14d,
        {{ days_since('customers.unusual_at', attempt ~ '.asked_us') }} as days_since_unusual_amount
{%- endmacro %}
