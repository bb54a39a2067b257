{#- What int_risk_features notes of each attempt, in addition to its features, so that a later run sees what has changed:
    when each fact was known, and digests of all else. Features are a function of these alone, and of settings, which are
    in the digest. As columns and expressions on attempts that have their moments in microseconds. -#}
{% macro noted_of_attempts() %}
    {% do return({
        'known_at': 'known_at',
        'fraud_known_at': 'fraud_known_at',
        'fraud_cleared_at': 'fraud_cleared_at',
        'fraud_again_at': 'fraud_again_at',
        'failed_at': "case when outcome = 'error' then outcome_known_at end",
        'shared_digest': row_digest(
            ['visitor_no'] + risk_entities().values() | list
            + ['attempted_at', 'amount', var('risk_label_delay_days'), var('risk_max_shared')]
        ),
        'own_digest': row_digest(['registered_at', 'country', 'card_country']),
        'first_refunded_at': 'first_refunded_at',
        'last_refunded_at': 'last_refunded_at',
        'refund_digest': 'refund_digest',
        'settings_digest': row_digest([var('risk_label_delay_days'), var('risk_max_shared')]),
        'noted_at': newest('written_at', ref('int_payment_attempts')),
    }) %}
{% endmacro %}


{#- What is noted of the refunds of an attempt: columns of the CTE `noted_refunds`. -#}
{% macro refund_notes() %}
    {% do return(['first_refunded_at', 'last_refunded_at', 'refund_digest']) %}
{% endmacro %}


{#- A digest of refunds of one attempt, whatever order they are read in. -#}
{% macro refund_digest(known_us, amount, condition='true') -%}
    {%- set text = 'cast(' ~ known_us ~ ' as ' ~ dbt.type_string() ~ ") || ' ' || cast(" ~ amount ~ ' as '
        ~ dbt.type_string() ~ ')' -%}
    {{ row_digest([joined_texts('case when ' ~ condition ~ ' then ' ~ text ~ ' end')]) }}
{%- endmacro %}


{#- CTE `noted_refunds`: since when and until when refunds of an attempt became known, and a digest of them. -#}
{% macro noted_refunds(refunds) -%}
noted_refunds as (

    select
        attempt_id,
        min(known_at) as first_refunded_at,
        max(known_at) as last_refunded_at,
        {{ refund_digest('refunded_us', 'amount') }} as refund_digest
    from {{ refunds }}
    group by attempt_id

)
{%- endmacro %}


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
{% macro changed_attempts(attempts, refunds) -%}
{%- set noted = noted_of_attempts() -%}
{%- set facts = noted | reject('in', ['shared_digest', 'own_digest', 'settings_digest', 'noted_at'] + refund_notes()) | list -%}
moved_refunds as (

    select coalesce(noted_refunds.attempt_id, standing.attempt_id) as attempt_id
    from noted_refunds
    full outer join (
        select
            attempt_id,
            refund_digest
        from {{ this }}
        where refund_digest is not null
    ) as standing on noted_refunds.attempt_id = standing.attempt_id
    where noted_refunds.refund_digest is distinct from standing.refund_digest

),

now as {{ read_once() }} (

    select
        attempt_id,
        {{ noted | join(',\n        ') }}
    from {{ attempts }}
    where written_at > {{ newest('noted_at', this) }}
        or exists (
            select 1 from {{ this }} as standing
            where standing.settings_digest <> {{ noted.settings_digest }}
        )

    union

    select
        {{ prefixed(attempts, ['attempt_id'] + noted | list) | join(',\n        ') }}
    from {{ attempts }}
    inner join moved_refunds on {{ attempts }}.attempt_id = moved_refunds.attempt_id

),

standing_of_moved as (

    select standing.*
    from {{ this }} as standing
    inner join now on standing.attempt_id = now.attempt_id
    {%- if attempts_have_left() %}

    union all

    select standing.*
    from {{ this }} as standing
    left join {{ ref('int_payment_attempts') }} as still on standing.attempt_id = still.attempt_id
    where still.attempt_id is null
    {%- endif %}

),

-- Of those that had been given back before: what was known by then, and what has come after that.
refunds_by_then as (

    select
        standing.attempt_id,
        {{ refund_digest('refunds.refunded_us', 'refunds.amount', 'refunds.known_at <= standing.last_refunded_at') }}
            as refund_digest,
        min(case when refunds.known_at > standing.last_refunded_at then refunds.known_at end) as refunded_again_at
    from {{ this }} as standing
    inner join {{ refunds }} as refunds on standing.attempt_id = refunds.attempt_id
    where standing.last_refunded_at is not null
    group by standing.attempt_id

),

compared as {{ read_once() }} (

    select
        coalesce(now.attempt_id, standing.attempt_id) as attempt_id,
        coalesce(now.shared_digest <> standing.shared_digest, true) as is_moved,
        coalesce(now.shared_digest <> standing.shared_digest or now.own_digest <> standing.own_digest, true) as is_other,
        now.refund_digest is distinct from standing.refund_digest as is_refund_other,
        coalesce(refunds_by_then.refund_digest = standing.refund_digest, false) as is_refund_added,
        refunds_by_then.refunded_again_at,
        {%- for fact in facts + ['first_refunded_at'] %}
        now.{{ fact }} as {{ fact }}_now,
        standing.{{ fact }} as {{ fact }}_then{{ ',' if not loop.last }}
        {%- endfor %}
    from now
    full outer join standing_of_moved as standing on now.attempt_id = standing.attempt_id
    left join refunds_by_then on standing.attempt_id = refunds_by_then.attempt_id

),

moves as (
    {%- for fact in facts %}
    {%- for state in ['now', 'then'] %}

    select min({{ fact }}_{{ state }}) as moment
    from compared
    where is_moved
        or {{ fact }}_now is distinct from {{ fact }}_then

    union all
    {%- endfor %}
    {%- endfor %}
    {%- for state in ['now', 'then'] %}

    select min(first_refunded_at_{{ state }}) as moment
    from compared
    where is_moved
        or is_refund_other and not is_refund_added

    union all
    {%- endfor %}

    select min(refunded_again_at) as moment
    from compared
    where is_refund_other
        and is_refund_added

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


{#- Whether attempts have features that are none any more: then what their rows say is looked for, else not. -#}
{% macro attempts_have_left() -%}
    {%- if not execute -%}{%- do return(true) -%}{%- endif -%}
    {%- do return(query_value(
        'select (select count(*) from ' ~ this ~ ') + (select count(*) from (select attempt_id from '
        ~ ref('int_payment_attempts') ~ ' where written_at > ' ~ newest('noted_at', this)
        ~ ') as written left join ' ~ this ~ ' as standing on written.attempt_id = standing.attempt_id '
        ~ 'where standing.attempt_id is null) > (select count(*) from ' ~ ref('int_payment_attempts') ~ ')'
    )) -%}
{%- endmacro %}


{#- CTEs of an incremental run, `asking` the first of them: the attempts whose features are made by this run; and `asked_stays`,
    the members of the rings that their customers are in. -#}
{% macro asking_attempts(attempts) -%}
asking as {{ read_once() }} (

    select
        {{ prefixed(attempts, ['attempt_id', 'asked_us', 'visitor_no'] + risk_entities().values() | list)
            | join(',\n        ') }}
    from {{ attempts }}
    cross join moved
    left join changed on {{ attempts }}.attempt_id = changed.attempt_id
    where coalesce(changed.is_other, false)
        or {{ attempts }}.attempted_at > moved.moved_at

),

asked_members as (

    select members.customer_no
    from {{ ref('int_risk_rings') }} as members
    where members.ring_no in (
        select stays.ring_no from {{ ref('int_risk_rings') }} as stays
        where stays.customer_no in (select asking.visitor_no from asking)
    )

)
{%- endmacro %}


{#- The query of attempts that features come from, with numbers, which join faster than ids do, and whether each asks: its
    features are made by this run. In a full build all do. In an incremental run only what some attempt that asks looks back
    on is there: of terminals, which many pay at, what is in reach of their sums and what was called fraud. -#}
{% macro attempts_that_ask(attempts) -%}
    {%- if is_incremental() -%}
    select
        {{ attempts }}.*,
        {{ row_numbers(attempts ~ '.attempt_id') }} as attempt_no,
        asking.attempt_id is not null as is_asked
    from {{ attempts }}
    left join asking on {{ attempts }}.attempt_id = asking.attempt_id
    where {{ attempts }}.attempt_id in (select changed.attempt_id from changed)
        or {{ attempts }}.visitor_no in (select asked_members.customer_no from asked_members)
        {%- for entity in ['visitor_no'] + risk_entities().values() | list %}
        or {{ attempts }}.{{ entity }} in (select asking.{{ entity }} from asking where asking.{{ entity }} is not null)
            {%- if entity == 'terminal_token' %}
            and (
                {{ attempts }}.fraud_us is not null
                or {{ moment_of_act(attempts) }} >= {{ reach_begins(30 + var('risk_label_delay_days')) }}
            )
            {%- endif %}
        {%- endfor %}
    {%- else -%}
    select
        *,
        {{ row_numbers('attempt_id') }} as attempt_no,
        true as is_asked
    from {{ attempts }}
    {%- endif -%}
{%- endmacro %}


{#- When an attempt counts for others, in microseconds: once it has happened and is known. -#}
{% macro moment_of_act(attempts) -%}
    {{ at_least(attempts ~ '.asked_us', attempts ~ '.known_us') }}
{%- endmacro %}


{#- A condition, with what goes before it, on CTEs that are read for attempts that ask: their entity is one that asks.
    Nothing in a full build, where all ask. -#}
{% macro of_those_who_ask(entity, before='and') -%}
    {%- if is_incremental() %}
    {{ before }} {{ entity }} in (select asking.{{ entity }} from asking)
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
    (select min(asking.asked_us) - {{ days * 86400000000 }} from asking)
{%- endmacro %}


{#- Incremental strategy: attempts that are written anew take the place of their rows, and those that are gone leave. -#}
{% macro get_incremental_replace_attempts_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], arg_dict['temp_relation'], 'anew', [
        'target.attempt_id = anew.attempt_id',
    ]) }}

    {%- if attempts_have_left() %}

    delete from {{ arg_dict['target_relation'] }}
    where attempt_id not in (select attempt_id from {{ ref('int_payment_attempts') }});
    {%- endif %}

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
