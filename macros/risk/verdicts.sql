{#- What reviewers decided: the rows of seeds/risk_verdicts.csv, or of the relation that var `risk_verdicts_relation`
    names. -#}

{#- The columns of a verdict, those that must be there first. -#}
{% macro verdict_columns() %}
    {% do return(['verdict', 'decided_at', 'attempt_id', 'visitor_key', 'alerted_on']) %}
{% endmacro %}


{#- The relation of verdicts that the user has, under the names of the seed; columns that it lacks are empty. -#}
{% macro verdicts_relation() %}
    {% if not execute %}
        {% do return('(select 1 as parsed_only) as verdicts') %}
    {% endif %}
    {% set table = sql_relation(var('risk_verdicts_relation')) %}
    {% set found = input_columns(table) %}
    {% set missing = verdict_columns()[:2] | reject('in', found) | list %}
    {% set names_what = 'attempt_id' in found or ('visitor_key' in found and 'alerted_on' in found) %}
    {% if missing or not names_what %}
        {% do raise_missing_columns(
            var('risk_verdicts_relation'), missing or ['attempt_id'], found,
            'Var risk_verdicts_relation takes a relation with the columns verdict, decided_at, and attempt_id or'
            ~ ' visitor_key and alerted_on.'
        ) %}
    {% endif %}
    {% set texts = [] %}
    {% for name in verdict_columns() %}
        {% do texts.append(
            ('cast(' ~ sql_name(found[name].name) ~ ' as string)' if name in found else 'cast(null as string)')
            ~ ' as ' ~ name
        ) %}
    {% endfor %}
    {% do return('(select ' ~ texts | join(', ') ~ ' from ' ~ table ~ ') as verdicts') %}
{% endmacro %}


{#- The verdicts as they were written, as CTE `verdicts`. -#}
{% macro written_verdicts() -%}
verdicts as (

    {% if var('risk_verdicts_relation') -%}
    {%- do source('risk', 'verdicts') %}
    select * from {{ verdicts_relation() }}
    {%- else -%}
    select * from {{ ref('risk_verdicts') }}
    {%- endif %}

)
{%- endmacro %}


{#- Where verdicts are kept, for messages. -#}
{% macro verdicts_place() %}
    {% do return(var('risk_verdicts_relation') or 'seeds/risk_verdicts.csv') %}
{% endmacro %}


{#- Every verdict as it was written, what it says, and as `fault` the first column that cannot be read. -#}
{% macro read_verdicts(verdicts) -%}
    select
        *,
        case
            when attempt_id is not null and (visitor_key is not null or alerted_on is not null)
                then 'attempt_id: name an attempt, or visitor_key and alerted_on of an alert, not both'
            when attempt_id is null and (visitor_key is null or alerted_on is null)
                then 'attempt_id: name an attempt, or give visitor_key and alerted_on of an alert'
            when attempt_id is not null and not {{ matches('attempt_id', '^[0-9a-f]{32}$') }}
                then 'attempt_id: takes the 32 digits that int_payment_attempts has'
            when attempt_id is null and not {{ matches('visitor_key', '^[0-9a-f]{64}$') }}
                then 'visitor_key: takes the 64 digits of the key of a customer or device'
            when attempt_id is null and try_cast(alerted_on as date) is null
                then 'alerted_on: takes a day such as 2026-06-30'
            when verdict is null or lower(verdict) not in ('fraud', 'honest') then 'verdict: takes fraud or honest'
            when try_cast(decided_at as {{ moment_type() | trim }}) is null or length(decided_at) <= 10
                then 'decided_at: takes a moment such as 2026-06-30 14:05:00'
        end as fault
    from (
        select
            {%- for column in verdict_columns() %}
            nullif(trim(cast({{ column }} as string)), '') as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ verdicts }}
    ) as written
{%- endmacro %}
