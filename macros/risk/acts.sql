{#- What an attempt belongs to: the columns of int_payment_attempts that acts and facts are looked at by. -#}
{% macro risk_keys() %}
    {% do return(['attempt_no', 'visitor_no'] + risk_entities().values() | list) %}
{% endmacro %}


{#- Acts of attempts to pay: the question that each attempt asks, of those whose features are made (`is_asked`), and the
    attempt itself from when it was known. One that was known at once is both in one row. -#}
{% macro risk_acts(table, day) -%}
    {%- set delay = var('risk_label_delay_days') * day -%}
    {%- set is_honest = honest_at_close(delay) -%}
    {%- set closed = closed_count(delay) -%}
    select
        {{ risk_keys() | join(',\n        ') }},
        asked_us as moment,
        is_asked as is_question,
        case when known_us > asked_us then 0e0 else 1e0 end as attempts,
        case when known_us > asked_us then 0e0 else {{ closed }} end as closed,
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
        {{ closed }} as closed,
        amount as counted_amount,
        {{ is_honest }} as closes_honest
    from {{ table }}
    where known_us > asked_us
{%- endmacro %}


{#- Over how many days labels of fraud are counted, by the name of the count in facts; ever where none is given. -#}
{% macro fraud_windows() %}
    {% do return({'frauds': none, 'frauds_1d': 1, 'frauds_7d': 7, 'frauds_30d': 30}) %}
{% endmacro %}


{#- The query of frauds: from when to when each attempt was taken for fraud, once more where it was taken back in between. -#}
{% macro risk_frauds(table) -%}
    {%- for fraud, cleared in [('fraud_us', 'cleared_us'), ('again_us', 'cast(null as bigint)')] %}
    select
        {{ risk_keys() | join(',\n        ') }},
        asked_us,
        {{ fraud }} as fraud_us,
        {{ cleared }} as cleared_us
    from {{ table }}
    where {{ fraud }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- What became known of attempts later, each fact at its moment: few have any. A count of labels of fraud goes up by 1 where
    a label came in, and down again where it was taken back or has left the window, whichever is first: so a sum of all
    until a moment is what stands then. -#}
{% macro risk_facts(table, frauds, refunds) -%}
    {%- set columns = fraud_windows() | list + ['failures', 'failed_amount', 'refunded'] -%}
    {%- set came_in = {'lasting_fraud': 'case when cleared_us is null then asked_us end'} -%}
    {%- set facts = [(frauds, 'fraud_us', 'fraud_us is not null', came_in)] -%}
    {%- for name, days in fraud_windows().items() -%}
        {%- do came_in.update({name: '1e0'}) -%}
        {%- set left = first_of('cleared_us', 'fraud_us + ' ~ days * 86400000000) if days else 'cleared_us' -%}
        {%- do facts.append((frauds, left, left ~ ' is not null', {name: '-1e0'})) -%}
    {%- endfor -%}
    {%- do facts.append((
        table, 'outcome_us', "outcome = 'error' and outcome_us is not null",
        {'failures': '1e0', 'failed_amount': 'coalesce(amount, 0e0)'}
    )) -%}
    {%- for rows, moment, condition, values in facts %}
    select
        {{ risk_keys() | join(',\n        ') }},
        {{ moment }} as moment,
        {%- for name in columns %}
        {{ values.get(name, '0e0') }} as {{ name }},
        {%- endfor %}
        {{ values.get('lasting_fraud', 'cast(null as bigint)') }} as lasting_fraud
    from {{ rows }}
    where {{ condition }}

    union all
    {% endfor %}
    select
        {{ prefixed(table, risk_keys()) | join(',\n        ') }},
        {{ at_least(refunds ~ '.refunded_us', table ~ '.known_us') }} as moment,
        {%- for name in columns %}
        {{ refunds ~ '.amount' if name == 'refunded' else '0e0' }} as {{ name }},
        {%- endfor %}
        cast(null as bigint) as lasting_fraud
    from {{ refunds }}
    inner join {{ table }} on {{ refunds }}.attempt_id = {{ table }}.attempt_id
{%- endmacro %}


{#- The earlier of two moments, of which the first may be missing. -#}
{% macro first_of(moment, limit) -%}
    case when {{ moment }} < {{ limit }} then {{ moment }} else {{ limit }} end
{%- endmacro %}


{#- Whether a moment, if there is one, had come when the labels of an attempt had had their time. -#}
{% macro had_come(moment, delay) -%}
    coalesce({{ moment }} <= known_us + {{ delay }}, false)
{%- endmacro %}


{#- 1 for an attempt that is closed once its labels have had their time. What was known to have failed by then, and that no
    label called fraud, never is: nobody charges back what was never paid, so silence says nothing of honesty. -#}
{% macro closed_count(delay) -%}
    case when outcome = 'error' and {{ had_come('outcome_us', delay) }} and not {{ had_come('fraud_us', delay) }} then 0e0 else 1e0 end
{%- endmacro %}


{#- Whether an attempt closed as honest: no label of fraud had come in by then, or it had been taken back. -#}
{% macro honest_at_close(delay) -%}
    {{ closed_count(delay) }} > 0e0 and not {{ had_come('again_us', delay) }}
            and (not {{ had_come('fraud_us', delay) }} or {{ had_come('cleared_us', delay) }})
{%- endmacro %}


{#- A count of what is known of somebody: 0 where nothing is, and unknown of nobody. -#}
{% macro none_known(count, entity) -%}
    case when {{ entity }} is not null then coalesce({{ count }}, 0e0) end
{%- endmacro %}


{#- Features of an attempt by itself, of its customer before it (CTE `customers`), and of what had become known of the
    customer's attempts (CTE `customer_facts`). -#}
{% macro customer_risk_features(attempt) -%}
    {%- set days = 'floor(' ~ attempt ~ '.clock_us / 86400e6)' -%}
    {{ attempt }}.amount,
        cast(floor({{ attempt }}.clock_us / 3600e6) as double) - 24e0 * {{ days }} as shop_hour,
        case when {{ days }} + 3e0 - 7e0 * floor(({{ days }} + 3e0) / 7e0) >= 5e0 then 1e0 else 0e0 end as is_weekend,
        case
            -- 'DE' and 'Germany' are two ways to write a country: nobody knows whether they are one.
            when length(trim({{ attempt }}.card_country)) <> length(trim({{ attempt }}.country)) then null
            when upper(trim({{ attempt }}.card_country)) <> upper(trim({{ attempt }}.country)) then 1e0
            when upper(trim({{ attempt }}.card_country)) = upper(trim({{ attempt }}.country)) then 0e0
        end as is_foreign_card,
        {{ days_since(attempt ~ '.registered_us', attempt ~ '.asked_us') }} as days_since_registration,
        customers.attempts_before as customer_attempts,
        {%- for name in ['1h', '1d', '7d', '30d'] %}
        customers.attempts_{{ name }} as customer_attempts_{{ name }},
        {%- endfor %}
        {%- for name in ['failed_1d', 'failed_7d', 'frauds'] %}
        {{ none_known('customer_facts.' ~ name, attempt ~ '.visitor_no') }} as customer_{{ name }},
        {%- endfor %}
        {{ days_since('customer_facts.fraud_at', attempt ~ '.asked_us') }} as days_since_customer_fraud,
        {{ days_since('customers.last_at', attempt ~ '.asked_us') }} as days_since_attempt,
        case
            when customer_facts.refunded > 0
                then {{ share_of(
                    'customer_facts.refunded',
                    '(customers.mean_before * customers.attempts_before - customer_facts.failed_amount)'
                ) }}
            when customers.attempts_before > 0 then 0e0
        end as refund_share,
        customers.usual_mean as own_mean,
        customers.usual_spread as own_spread,
        customers.largest_before as own_largest,
        {{ attempt }}.amount / nullif(customers.mean_before, 0e0) as amount_to_own_mean,
        {{ attempt }}.amount / nullif(customers.usual_mean, 0e0) as amount_to_own_usual,
        {{ attempt }}.amount / nullif(customers.largest_before, 0e0) as amount_to_own_largest,
        ({{ attempt }}.amount - customers.usual_mean) / nullif(customers.usual_spread, 0e0) as amount_deviations,
        customers.largest_ratio_14d,
        {%- for name in ['7d', '14d'] %}
        {{ none_known('customers.unusual_' ~ name, attempt ~ '.visitor_no') }} as unusual_amounts_{{ name }},
        {%- endfor %}
        {{ days_since('customers.unusual_at', attempt ~ '.asked_us') }} as days_since_unusual_amount
{%- endmacro %}
