{#- Acts of attempts to pay: the question that each attempt asks, and the facts that came of it, each at the moment when it
    became known. `frauds` is 1 where a label of fraud came in and -1 where it was taken back. -#}
{% macro risk_acts(table, day) -%}
    {%- set entities = ['visitor_no', 'device_no', 'card_token', 'address_token', 'ip_token', 'terminal_token'] -%}
    {%- set delay = var('risk_label_delay_days') * day -%}
    {%- set facts = [
        ('known_us', 'known_us > asked_us', {'attempts': '1e0', 'counted_amount': 'amount', 'closes_honest': honest_at_close(delay)}),
        ('fraud_us', 'fraud_us is not null', {'frauds': '1e0', 'fraud_attempted': 'asked_us'}),
        ('cleared_us', 'fraud_us is not null and cleared_us is not null', {'frauds': '-1e0'}),
        ('outcome_us', "outcome = 'error' and outcome_us is not null", {'failures': '1e0'}),
        ('refunded_us', 'refunded_us is not null', {'refunded': 'coalesce(refunded_amount, 0e0)'}),
    ] -%}
    select
        attempt_id,
        {{ entities | join(',\n        ') }},
        asked_us as moment,
        true as is_question,
        amount,
        card_country,
        country,
        registered_us,
        {{ microseconds_of(shop_clock('attempted_at')) }} as clock_us,
        case when known_us > asked_us then 0e0 else 1e0 end as attempts,
        case when known_us > asked_us then cast(null as double) else amount end as counted_amount,
        case when known_us > asked_us then false else {{ honest_at_close(delay) }} end as closes_honest,
        0e0 as frauds,
        cast(null as bigint) as fraud_attempted,
        0e0 as failures,
        0e0 as refunded
    from {{ table }}
    {%- for moment, condition, values in facts %}
    union all
    select
        attempt_id,
        {{ entities | join(',\n        ') }},
        {{ moment }} as moment,
        false as is_question,
        cast(null as double) as amount,
        cast(null as {{ dbt.type_string() }}) as card_country,
        cast(null as {{ dbt.type_string() }}) as country,
        cast(null as bigint) as registered_us,
        cast(null as bigint) as clock_us,
        {{ values.get('attempts', '0e0') }} as attempts,
        {{ values.get('counted_amount', 'cast(null as double)') }} as counted_amount,
        {{ values.get('closes_honest', 'false') }} as closes_honest,
        {{ values.get('frauds', '0e0') }} as frauds,
        {{ values.get('fraud_attempted', 'cast(null as bigint)') }} as fraud_attempted,
        {{ values.get('failures', '0e0') }} as failures,
        {{ values.get('refunded', '0e0') }} as refunded
    from {{ table }}
    where {{ condition }}
    {%- endfor %}
{%- endmacro %}


{#- Whether an attempt counted as honest when its labels had had their time: no label of fraud had come in by then, or it had
    been taken back. -#}
{% macro honest_at_close(delay) -%}
    not coalesce(
            fraud_us <= known_us + {{ delay }} and not coalesce(cleared_us <= known_us + {{ delay }}, false), false
        )
{%- endmacro %}


{#- Features of an attempt by itself and of its customer, from the CTE `customers`. -#}
{% macro customer_risk_features() -%}
    customers.amount,
        cast(floor(customers.clock_us / 3600e6) as double) - 24e0 * floor(customers.clock_us / 86400e6) as shop_hour,
        case
            when floor(customers.clock_us / 86400e6) + 3e0 - 7e0 * floor((floor(customers.clock_us / 86400e6) + 3e0) / 7e0)
                >= 5e0 then 1e0
            else 0e0
        end as is_weekend,
        case
            when customers.card_country <> customers.country then 1e0
            when customers.card_country = customers.country then 0e0
        end as is_foreign_card,
        {{ days_since('customers.registered_us') }} as days_since_registration,
        coalesce(customers.attempts_before, 0e0) as customer_attempts,
        {%- for name in ['1h', '1d', '7d', '30d'] %}
        coalesce(customers.attempts_{{ name }}, 0e0) as customer_attempts_{{ name }},
        {%- endfor %}
        coalesce(customers.failed_1d, 0e0) as customer_failed_1d,
        coalesce(customers.failed_7d, 0e0) as customer_failed_7d,
        coalesce(customers.frauds_before, 0e0) as customer_frauds,
        {{ days_since('customers.fraud_at') }} as days_since_customer_fraud,
        {{ days_since('customers.last_at') }} as days_since_attempt,
        customers.refunded_before / nullif(customers.mean_before * customers.attempts_before, 0e0) as refund_share,
        customers.usual_mean as own_mean,
        customers.usual_spread as own_spread,
        customers.largest_before as own_largest,
        customers.amount / nullif(customers.mean_before, 0e0) as amount_to_own_mean,
        customers.amount / nullif(customers.usual_mean, 0e0) as amount_to_own_usual,
        customers.amount / nullif(customers.largest_before, 0e0) as amount_to_own_largest,
        (customers.amount - customers.usual_mean) / nullif(customers.usual_spread, 0e0) as amount_deviations,
        customers.largest_ratio_14d,
        coalesce(customers.unusual_7d, 0e0) as unusual_amounts_7d,
        coalesce(customers.unusual_14d, 0e0) as unusual_amounts_14d,
        {{ days_since('customers.unusual_at') }} as days_since_unusual_amount
{%- endmacro %}
