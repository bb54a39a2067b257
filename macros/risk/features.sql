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


{#- How much a running sum has grown within the last `days` before each act, or before so many days before it: what it is,
    less what it was at the first act of these days. To add up the acts of these days again costs twice as much. -#}
{% macro grown_within(running_sum, entity, days, lag=0) -%}
    {%- if lag -%}
    {{ grown_until(running_sum, entity, lag) }} - {{ grown_until(running_sum, entity, days + lag) }}
    {%- else -%}
    {{ running_sum }} - {{ grown_until(running_sum, entity, days) }}
    {%- endif -%}
{%- endmacro %}


{#- What a running sum was so many days before each act. -#}
{% macro grown_until(running_sum, entity, days) -%}
    first_value({{ running_sum }}) over (
            partition by {{ entity }} order by moment
            range between {{ (days * 86400000000) | round | int }} preceding and current row
        )
{%- endmacro %}


{#- Days from a moment to another, the act if none is named, both in microseconds. -#}
{% macro days_since(moment, act='moment') -%}
    cast({{ act }} - {{ moment }} as double) / 86400e6
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


{#- The joins of all CTEs that features come from, to the attempts. -#}
{% macro join_feature_parts() -%}
    {%- set parts = ['customers', 'customer_facts', 'ring_features'] -%}
    {%- for kind in card_holders() -%}
        {%- do parts.append(kind ~ '_cards') -%}
    {%- endfor -%}
    {%- for kind in new_entities() -%}
        {%- do parts.append('new_' ~ kind) -%}
    {%- endfor -%}
    {%- for kind in risk_entities() -%}
        {%- do parts.append(kind ~ '_features') -%}
    {%- endfor -%}
    {%- for part in parts -%}
    left join {{ part }} on attempts.attempt_no = {{ part }}.attempt_no{{ '\n    ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Names of the features of one kind of entity. A terminal is a place that many pay at, and has labels enough for shares. -#}
{% macro entity_feature_names(kind) %}
    {% set of_terminals = [
        'attempts_1h', 'attempts_1d', 'attempts_7d', 'attempts_30d', 'frauds_7d', 'closed_7d', 'closed_30d',
        'fraud_share_1d', 'fraud_share_7d', 'fraud_share_30d', 'last_label_is_fraud', 'days_since_fraud',
        'days_since_first_fraud', 'days_since_honest',
    ] %}
    {% set of_others = [
        'attempts_1h', 'attempts_1d', 'attempts_7d', 'attempts_30d', 'failed_1d', 'frauds_7d', 'fraud_share_30d',
        'days_since_fraud',
    ] %}
    {% set names = [] %}
    {% for name in (of_terminals if kind == 'terminal' else of_others) %}
        {% do names.append(kind ~ '_' ~ name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- CTE `<kind>_facts`: what had become known of the attempts of an entity before each question. Only questions after the
    first fact of their entity are looked at: most have none. A label that is taken back later counts until then, so what is the latest fraud may change
    back: such labels, few, are looked at one by one. -#}
{% macro fact_sums(kind, entity) -%}
    {%- set all_sums = {
        'customer': {'failed_1d': ['failures', 1], 'failed_7d': ['failures', 7], 'frauds': ['frauds', none],
            'refunded': ['refunded', none], 'failed_amount': ['failed_amount', none]},
        'terminal': {'frauds_1d': ['frauds_1d', none], 'frauds_7d': ['frauds_7d', none],
            'frauds_30d': ['frauds_30d', none]},
    } -%}
    {%- set sums = all_sums.get(kind, {
        'frauds_7d': ['frauds_7d', none], 'frauds_30d': ['frauds_30d', none], 'failed_1d': ['failures', 1]
    }) -%}
    {%- set columns = sums.values() | map('first') | unique | list -%}
    {%- set frauds = {'fraud_at': ('max', '>'), 'first_fraud_at': ('min', '<')} -%}
{{ kind }}_first_facts as (

    select
        {{ entity }},
        min(moment) as first_moment
    from facts
    where {{ entity }} is not null
    {{- of_those_who_ask(entity) }}
    group by {{ entity }}

),

{{ kind }}_histories as (

    select
        acts.attempt_no,
        acts.{{ entity }},
        acts.moment,
        acts.is_question,
        {%- for name in columns %}
        0e0 as {{ name }},
        {%- endfor %}
        cast(null as bigint) as lasting_fraud
    from acts
    inner join {{ kind }}_first_facts as first_facts
        on acts.{{ entity }} = first_facts.{{ entity }}
        and acts.moment > first_facts.first_moment
    where acts.is_question

    union all

    select
        attempt_no,
        {{ entity }},
        moment,
        false as is_question,
        {{ columns | join(',\n        ') }},
        lasting_fraud
    from facts
    where {{ entity }} is not null
    {{- of_those_who_ask(entity) }}

),

{{ kind }}_sums_of_facts as (

    select
        attempt_no,
        is_question,
        {%- for name, how in sums.items() %}
        {{ known_before('sum(' ~ how[0] ~ ')', entity, how[1]) }} as {{ name }},
        {%- endfor %}
        {%- for name, how in frauds.items() if name == 'fraud_at' or kind == 'terminal' %}
        {{ known_before(how[0] ~ '(lasting_fraud)', entity) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ kind }}_histories

),

{{ kind }}_until_taken_back as (

    select
        attempts.attempt_no,
        {%- for name, how in frauds.items() if name == 'fraud_at' or kind == 'terminal' %}
        {{ how[0] }}(taken_back.asked_us) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from attempts
    inner join frauds as taken_back
        on attempts.{{ entity }} = taken_back.{{ entity }}
        and attempts.asked_us > taken_back.fraud_us
        and attempts.asked_us <= taken_back.cleared_us
    where attempts.is_asked
    group by attempts.attempt_no

),

{{ kind }}_facts as (

    select
        sums.attempt_no,
        {%- for name in sums %}
        sums.{{ name }},
        {%- endfor %}
        {%- for name, how in frauds.items() if name == 'fraud_at' or kind == 'terminal' %}
        case
            when sums.{{ name }} is null or taken_back.{{ name }} {{ how[1] }} sums.{{ name }} then taken_back.{{ name }}
            else sums.{{ name }}
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ kind }}_sums_of_facts as sums
    left join {{ kind }}_until_taken_back as taken_back on sums.attempt_no = taken_back.attempt_no
    where sums.is_question

)
{%- endmacro %}


{#- CTE `<kind>_features`: what was known of an entity before each question. Attempts are closed once labels of fraud had
    their time to come in. -#}
{% macro entity_features(kind, entity) -%}
    {%- set delay = var('risk_label_delay_days') -%}
    {%- set sums = {
        'terminal': {'closed_1d': [1, delay], 'closed_7d': [7, delay], 'closed_30d': [30, delay]},
    }.get(kind, {'closed_30d': [30, delay]}) -%}
    {%- for name, days in {'1h': 1 / 24, '1d': 1, '7d': 7, '30d': 30}.items() -%}
        {%- do sums.update({'attempts_' ~ name: [days, 0]}) -%}
    {%- endfor -%}
    {%- set special = {
        'frauds_7d': 'coalesce(facts.frauds_7d, 0e0)',
        'failed_1d': 'coalesce(facts.failed_1d, 0e0)',
        'fraud_share_1d': share_of('coalesce(facts.frauds_1d, 0e0)', 'sums.closed_1d'),
        'fraud_share_7d': share_of('coalesce(facts.frauds_7d, 0e0)', 'sums.closed_7d'),
        'fraud_share_30d': share_of('coalesce(facts.frauds_30d, 0e0)', 'sums.closed_30d'),
        'last_label_is_fraud': 'case when facts.fraud_at is null or sums.honest_at > facts.fraud_at then 0e0 else 1e0 end',
        'days_since_fraud': days_since('facts.fraud_at', 'sums.moment'),
        'days_since_first_fraud': days_since('facts.first_fraud_at', 'sums.moment'),
        'days_since_honest': days_since('sums.honest_at', 'sums.moment'),
    } -%}
{{ kind }}_acts as (

    select
        attempt_no,
        {{ entity }},
        moment,
        is_question,
        closes_honest,
        attempts,
        closed
    from acts
    where {{ entity }} is not null
    {{- of_those_who_ask(entity) }}
    {{- within_reach('moment', 30 + delay) }}
    {%- if kind == 'terminal' and is_incremental() %}

    union all

    -- What closed last before.
    select
        cast(null as bigint) as attempt_no,
        {{ entity }},
        max({{ moment_of_act('known_attempts') }}) as moment,
        false as is_question,
        true as closes_honest,
        0e0 as attempts,
        0e0 as closed
    from known_attempts
    where {{ honest_at_close(delay * 86400000000) }}
        and {{ moment_of_act('known_attempts') }} < {{ reach_begins(30 + delay) }}
        and {{ entity }} is not null
    {{- of_those_who_ask(entity) }}
    group by {{ entity }}
    {%- endif %}

),

{{ kind }}_attempts as (

    select
        attempt_no,
        {{ entity }},
        moment,
        is_question,
        closes_honest,
        coalesce({{ known_before('sum(attempts)', entity) }}, 0e0) as attempts_before,
        coalesce({{ known_before('sum(closed)', entity) }}, 0e0) as closed_before
    from {{ kind }}_acts

),

{{ kind }}_sums as (

    select
        attempt_no,
        moment,
        is_question,
        {%- if kind == 'terminal' %}
        {{ known_before('max(case when closes_honest then moment end)', entity, none, delay) }} as honest_at,
        {%- endif %}
        {%- for name, how in sums.items() %}
        {{ grown_within(name.split('_')[0] ~ '_before', entity, how[0], how[1]) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ kind }}_attempts

),

{{ fact_sums(kind, entity) }},

{{ kind }}_features as (

    select
        sums.attempt_no,
        {%- for name in entity_feature_names(kind) %}
        {%- set plain = name | replace(kind ~ '_', '', 1) %}
        {{ special.get(plain, 'sums.' ~ plain) }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ kind }}_sums as sums
    left join {{ kind }}_facts as facts on sums.attempt_no = facts.attempt_no
    where sums.is_question

)
{%- endmacro %}
