{#- An aggregate over what was known of an entity before each act: in the last `days`, or ever. `lag` leaves out what is
    younger than so many days. Microseconds are whole numbers, so a frame is the same on every database. -#}
{% macro known_before(aggregate, entity, days=none, lag=0) -%}
    {%- set day = 86400000000 -%}
    {{ aggregate }} over (
            partition by {{ entity }} order by moment
            range between
            {%- if days is none %} unbounded{% else %} {{ ((days + lag) * day) | round | int }}{% endif %} preceding
            and {{ lag * day + 1 }} preceding
        )
{%- endmacro %}


{#- Days from a moment to the act, both in microseconds. -#}
{% macro days_since(moment) -%}
    cast(moment - {{ moment }} as double) / 86400e6
{%- endmacro %}


{#- A share; null where nothing is divided by nothing, 1 at most. -#}
{% macro share_of(part, whole) -%}
    case when {{ part }} >= {{ whole }} and {{ part }} > 0 then 1e0 else {{ part }} / nullif({{ whole }}, 0e0) end
{%- endmacro %}


{#- What several customers can share: the name in features, and the column of int_payment_attempts. -#}
{% macro risk_entities() %}
    {% do return({
        'device': 'device_no', 'card': 'card_token', 'address': 'address_token', 'ip': 'ip_token',
        'terminal': 'terminal_token',
    }) %}
{% endmacro %}


{#- What may be new to a customer. -#}
{% macro new_entities() %}
    {% do return({'device': 'device_no', 'card': 'card_token', 'address': 'address_token'}) %}
{% endmacro %}


{#- Names of the features of int_risk_features, in their order. A test compares them with the table. -#}
{% macro risk_features() %}
    {% set names = [
        'amount', 'shop_hour', 'is_weekend', 'is_foreign_card', 'days_since_registration', 'customer_attempts',
        'customer_attempts_1h', 'customer_attempts_1d', 'customer_attempts_7d', 'customer_attempts_30d',
        'customer_failed_1d', 'customer_failed_7d', 'customer_frauds', 'days_since_customer_fraud',
        'days_since_attempt', 'refund_share', 'own_mean', 'own_spread', 'own_largest', 'amount_to_own_mean',
        'amount_to_own_usual', 'amount_to_own_largest', 'amount_deviations', 'largest_ratio_14d', 'unusual_amounts_7d',
        'unusual_amounts_14d', 'days_since_unusual_amount',
    ] %}
    {% for kind in new_entities() %}
        {% do names.append('is_new_' ~ kind) %}
    {% endfor %}
    {% for kind in risk_entities() %}
        {% do names.extend(entity_feature_names(kind)) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- Names of the features of one kind of entity. -#}
{% macro entity_feature_names(kind) %}
    {% set names = [] %}
    {% for name in [
        'attempts_1d', 'attempts_7d', 'attempts_30d', 'failed_1d', 'frauds_7d', 'closed_7d', 'closed_30d', 'fraud_share_1d',
        'fraud_share_7d', 'fraud_share_30d', 'last_label_is_fraud', 'days_since_fraud', 'days_since_first_fraud',
        'days_since_honest',
    ] %}
        {% do names.append(kind ~ '_' ~ name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- What was known of an entity before each act that asks. `frauds` are counted when they became known; attempts are closed
    once labels of fraud had their time to come in. -#}
{% macro entity_sums(table, entity) -%}
    {%- set delay = var('risk_label_delay_days') -%}
    select
        attempt_id,
        moment,
        is_question,
        {%- for days in [1, 7, 30] %}
        {{ known_before('sum(attempts)', entity, days) }} as attempts_{{ days }}d,
        {{ known_before('sum(attempts)', entity, days, delay) }} as closed_{{ days }}d,
        {{ known_before('sum(frauds)', entity, days) }} as frauds_{{ days }}d,
        {%- endfor %}
        {{ known_before('sum(failures)', entity, 1) }} as failed_1d,
        {{ known_before('max(case when frauds > 0 then fraud_attempted end)', entity) }} as fraud_at,
        {{ known_before('min(case when frauds > 0 then fraud_attempted end)', entity) }} as first_fraud_at,
        {{ known_before('max(case when closes_honest then moment end)', entity, none, delay) }} as honest_at
    from {{ table }}
    where {{ entity }} is not null
{%- endmacro %}


{#- Features of a kind of entity, made of its sums. -#}
{% macro entity_features(kind, table) -%}
    select
        attempt_id,
        coalesce(attempts_1d, 0e0) as {{ kind }}_attempts_1d,
        coalesce(attempts_7d, 0e0) as {{ kind }}_attempts_7d,
        coalesce(attempts_30d, 0e0) as {{ kind }}_attempts_30d,
        coalesce(failed_1d, 0e0) as {{ kind }}_failed_1d,
        coalesce(frauds_7d, 0e0) as {{ kind }}_frauds_7d,
        coalesce(closed_7d, 0e0) as {{ kind }}_closed_7d,
        coalesce(closed_30d, 0e0) as {{ kind }}_closed_30d,
        {%- for days in [1, 7, 30] %}
        {{ share_of('coalesce(frauds_' ~ days ~ 'd, 0e0)', 'coalesce(closed_' ~ days ~ 'd, 0e0)') }}
            as {{ kind }}_fraud_share_{{ days }}d,
        {%- endfor %}
        case when fraud_at is null then 0e0 when honest_at > fraud_at then 0e0 else 1e0 end as {{ kind }}_last_label_is_fraud,
        {{ days_since('fraud_at') }} as {{ kind }}_days_since_fraud,
        {{ days_since('first_fraud_at') }} as {{ kind }}_days_since_first_fraud,
        {{ days_since('honest_at') }} as {{ kind }}_days_since_honest
    from {{ table }}
    where is_question
{%- endmacro %}
