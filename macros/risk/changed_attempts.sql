{#- What int_risk_features notes of each attempt, in addition to its features, so that a later run sees what has changed:
    when each fact was known, and digests of all else. Features are a function of these alone, and of settings, which are
    in the digest. As columns and expressions on attempts that have their moments in microseconds. -#}
{% macro noted_of_attempts() %}
    {% do return({
        'known_at': 'known_at',
        'fraud_known_at': 'fraud_known_at',
        'fraud_cleared_at': 'fraud_cleared_at',
        'failed_at': "case when outcome = 'error' then outcome_known_at end",
        'refunded_known_at': 'refunded_known_at',
        'shared_digest': row_digest(
            risk_keys() + ['attempted_at', 'amount', var('risk_label_delay_days'), var('risk_max_shared')]
        ),
        'own_digest': row_digest(['registered_at', 'country', 'card_country']),
        'refund_digest': row_digest(['refunded_amount']),
    }) %}
{% endmacro %}


{#- Those of them that int_payment_attempts has no column for, as columns of a query. -#}
{% macro noted_expressions() %}
    {% set columns = [] %}
    {% for name, expression in noted_of_attempts().items() if name != expression %}
        {% do columns.append(expression ~ ' as ' ~ name) %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}


{#- CTEs that say what has changed since int_risk_features was last made. What an attempt sees is what was known before
    it. So when facts come, go or move, attempts after the earliest of their moments, old ones and new ones, may see
    something else, and no attempt before it does. `moved` has that moment, `changed` the attempts whose row is to be
    written anew, and those of them (`is_other`) whose features are. Rings follow from attempts: a link is known when the
    first attempt is that makes it. -#}
{% macro changed_attempts(attempts) -%}
{%- set noted = noted_of_attempts() -%}
{%- set facts = noted | reject('in', ['shared_digest', 'own_digest', 'refund_digest']) | list -%}
now as (

    select
        attempt_id,
        {{ noted | join(',\n        ') }}
    from {{ attempts }}

),

compared as {{ read_once() }} (

    select
        coalesce(now.attempt_id, standing.attempt_id) as attempt_id,
        coalesce(now.shared_digest <> standing.shared_digest, true) as is_moved,
        coalesce(now.shared_digest <> standing.shared_digest or now.own_digest <> standing.own_digest, true) as is_other,
        coalesce(now.refund_digest <> standing.refund_digest, true) as is_refund_other,
        {%- for fact in facts %}
        now.{{ fact }} as {{ fact }}_now,
        standing.{{ fact }} as {{ fact }}_then{{ ',' if not loop.last }}
        {%- endfor %}
    from now
    full outer join {{ this }} as standing on now.attempt_id = standing.attempt_id

),

moves as (
    {%- for fact in facts %}
    {%- for state in ['now', 'then'] %}

    select min({{ fact }}_{{ state }}) as moment
    from compared
    where is_moved
        or {{ fact }}_now is distinct from {{ fact }}_then
        {%- if fact == 'refunded_known_at' %}
        or is_refund_other
        {%- endif %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

moved as (

    select coalesce(min(moment), {{ moment('9999-01-01 00:00:00+00') }}) as moved_at from moves

),

changed as (

    select
        attempt_id,
        is_other
    from compared
    where is_other
        or is_refund_other
        {%- for fact in facts %}
        or {{ fact }}_now is distinct from {{ fact }}_then
        {%- endfor %}

)
{%- endmacro %}


{#- The query of all attempts, and whether each asks: its features are made by this run. In a full build all do. -#}
{% macro attempts_that_ask(attempts) -%}
    {%- if is_incremental() -%}
    select
        {{ attempts }}.*,
        coalesce(changed.is_other, false) or {{ attempts }}.attempted_at > moved.moved_at as is_asked
    from {{ attempts }}
    cross join moved
    left join changed on {{ attempts }}.attempt_id = changed.attempt_id
    {%- else -%}
    select
        *,
        true as is_asked
    from {{ attempts }}
    {%- endif -%}
{%- endmacro %}


{#- A condition, with what goes before it, on CTEs that are read for attempts that ask: their entity is one that asks, or is
    nobody. Nothing in a full build, where all ask. -#}
{% macro of_those_who_ask(entity, before='and') -%}
    {%- if is_incremental() %}
    {{ before }} ({{ entity }} in (select attempts.{{ entity }} from attempts where attempts.is_asked) or {{ entity }} is null)
    {%- endif -%}
{%- endmacro %}


{#- A condition on acts that are added up over a month at most: they are no older than what the first attempt that asks
    looks back on. Nothing in a full build. -#}
{% macro within_reach(moment, days) -%}
    {%- if is_incremental() %}
    and {{ moment }} >= {{ reach_begins(days) }}
    {%- endif -%}
{%- endmacro %}


{#- The moment from which on acts are within reach, in microseconds. -#}
{% macro reach_begins(days) -%}
    (select min(attempts.asked_us) - {{ days * 86400000000 }} from attempts where attempts.is_asked)
{%- endmacro %}


{#- Incremental strategy: attempts that are written anew take the place of their rows, and those that are gone leave. -#}
{% macro get_incremental_replace_attempts_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], arg_dict['temp_relation'], 'anew', [
        'target.attempt_id = anew.attempt_id',
    ]) }}

    delete from {{ arg_dict['target_relation'] }}
    where attempt_id not in (select attempt_id from {{ ref('int_payment_attempts') }});

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- The columns of int_risk_features that are features, as the table has them. -#}
{% macro risk_feature_columns() %}
    {% set names = [] %}
    {% for column in adapter.get_columns_in_relation(this) if column.name not in noted_of_attempts() and column.name != 'attempt_id' %}
        {% do names.append(column.name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- CTE `final`: the features of attempts that ask, and in an incremental run the rows of those of which facts became known
    that come after them: their features are what they were. -#}
{% macro with_standing_features(features, noted) -%}
final as (

    {% if is_incremental() -%}
    select
        {{ (['attempt_id'] + noted + risk_feature_columns()) | join(',\n        ') }}
    from {{ features }}

    union all

    select
        {{ (prefixed('attempts', ['attempt_id'] + noted) + prefixed('standing', risk_feature_columns()))
            | join(',\n        ') }}
    from {{ this }} as standing
    inner join changed on standing.attempt_id = changed.attempt_id
    inner join attempts on standing.attempt_id = attempts.attempt_id
    where not attempts.is_asked
    {%- else -%}
    select * from {{ features }}
    {%- endif %}

)
{%- endmacro %}
