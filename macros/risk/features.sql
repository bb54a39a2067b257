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


{#- The joins of all CTEs that features come from, to that of the customer's. -#}
{% macro join_feature_parts() -%}
    {%- set parts = ['ring_features'] -%}
    {%- for kind in new_entities() -%}
        {%- do parts.append('new_' ~ kind) -%}
    {%- endfor -%}
    {%- for kind in risk_entities() -%}
        {%- do parts.append(kind ~ '_features') -%}
    {%- endfor -%}
    {%- for part in parts -%}
    left join {{ part }} on customers.attempt_id = {{ part }}.attempt_id{{ '\n    ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Names of the features of one kind of entity. A terminal is a place that many pay at, and has labels enough for shares. -#}
{% macro entity_feature_names(kind) %}
    {% set of_terminals = [
        'attempts_1d', 'attempts_7d', 'attempts_30d', 'frauds_7d', 'closed_7d', 'closed_30d', 'fraud_share_1d',
        'fraud_share_7d', 'fraud_share_30d', 'last_label_is_fraud', 'days_since_fraud', 'days_since_first_fraud',
        'days_since_honest',
    ] %}
    {% set of_others = [
        'attempts_1h', 'attempts_1d', 'attempts_7d', 'failed_1d', 'frauds_7d', 'fraud_share_30d', 'days_since_fraud',
    ] %}
    {% set names = [] %}
    {% for name in (of_terminals if kind == 'terminal' else of_others) %}
        {% do names.append(kind ~ '_' ~ name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- What was known of an entity before each act. `frauds` are counted when they became known; attempts are closed once labels
    of fraud had their time to come in. -#}
{% macro entity_sums(kind, table, entity) -%}
    {%- set delay = var('risk_label_delay_days') -%}
    {%- set is_terminal = kind == 'terminal' -%}
    {%- set sums = {'attempts_1d': ['attempts', 1, 0], 'attempts_7d': ['attempts', 7, 0], 'frauds_7d': ['frauds', 7, 0],
        'frauds_30d': ['frauds', 30, 0], 'closed_30d': ['attempts', 30, delay]} -%}
    {%- if is_terminal -%}
        {%- do sums.update({'attempts_30d': ['attempts', 30, 0], 'frauds_1d': ['frauds', 1, 0],
            'closed_1d': ['attempts', 1, delay], 'closed_7d': ['attempts', 7, delay]}) -%}
    {%- else -%}
        {%- do sums.update({'attempts_1h': ['attempts', 1 / 24, 0], 'failed_1d': ['failures', 1, 0]}) -%}
    {%- endif -%}
    select
        attempt_id,
        moment,
        is_question,
        {%- for name, how in sums.items() %}
        coalesce({{ known_before('sum(' ~ how[0] ~ ')', entity, how[1], how[2]) }}, 0e0) as {{ name }},
        {%- endfor %}
        {%- if is_terminal %}
        {{ known_before('min(fraud_attempted)', entity) }} as first_fraud_at,
        {{ known_before('max(case when closes_honest then moment end)', entity, none, delay) }} as honest_at,
        {%- endif %}
        {{ known_before('max(fraud_attempted)', entity) }} as fraud_at
    from {{ table }}
    where {{ entity }} is not null
{%- endmacro %}


{#- Features of a kind of entity, made of its sums. -#}
{% macro entity_features(kind, table) -%}
    {%- set special = {
        'fraud_share_1d': share_of('frauds_1d', 'closed_1d'),
        'fraud_share_7d': share_of('frauds_7d', 'closed_7d'),
        'fraud_share_30d': share_of('frauds_30d', 'closed_30d'),
        'last_label_is_fraud': 'case when fraud_at is null or honest_at > fraud_at then 0e0 else 1e0 end',
        'days_since_fraud': days_since('fraud_at'),
        'days_since_first_fraud': days_since('first_fraud_at'),
        'days_since_honest': days_since('honest_at'),
    } -%}
    select
        attempt_id,
        {%- for name in entity_feature_names(kind) %}
        {%- set plain = name | replace(kind ~ '_', '', 1) %}
        {{ special.get(plain, plain) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ table }}
    where is_question
{%- endmacro %}
