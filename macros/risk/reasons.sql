{#- Why an attempt has its score, in words. -#}

{#- The columns of reasons that marts show: the sentence, its message and the values of its slots. -#}
{% macro risk_reason_columns() %}
    {% set columns = [] %}
    {% for place in [1, 2, 3] %}
        {% for part in ['', '_key', '_values'] %}
            {% do columns.append('reason_' ~ place ~ part) %}
        {% endfor %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}


{#- The slots of a reason. A feature's message holds its value as a number, as per cent, or as yes or no; what is not known is
    a word. -#}
{% macro risk_reason_slots(place) %}
    {% do return({
        '@reason': {'keys': 'feature_key_' ~ place, 'text': 'feature_text_' ~ place},
        '@value': {'keys': 'value_key_' ~ place, 'text': 'value_text_' ~ place},
        '@percent': {'keys': 'percent_key_' ~ place, 'text': 'percent_text_' ~ place},
        '@answer': {'keys': 'answer_key_' ~ place, 'text': 'answer_text_' ~ place},
        'number': 'number_' ~ place,
        'share': 'share_' ~ place,
        'feature': 'feature_name_' ~ place,
        'reason': 'own_reason_' ~ place
    }) %}
{% endmacro %}


{#- A number with one decimal, or none where it is whole; empty where it is not known. -#}
{% macro shown_number(number) -%}
    case
        when {{ number }} is null then null
        when abs({{ number }}) < 1e15 and {{ number }} = round({{ number }})
            then cast(cast({{ number }} as bigint) as string)
        else cast(round({{ number }}, 1) + 0e0 as string)
    end
{%- endmacro %}


{#- The message of what a rule looks for: the reason that the seed gives, which is the user's own, or else the words for the
    rule; where there are none its name is said. `own` is the reason or name. -#}
{% macro rule_reason_key(rules, texts) -%}
    case
        when {{ rules }}.rule is null then null
        when {{ rules }}.reason is null and {{ texts }}.message_key is not null then {{ texts }}.message_key
        else 'risk.own_rule'
    end
{%- endmacro %}


{% macro own_rule_reason(rules) -%}
    coalesce({{ rules }}.reason, replace({{ rules }}.rule, '_', ' '))
{%- endmacro %}


{#- The columns that a score has. -#}
{% macro risk_score_columns() %}
    {% do return([
        'scored_by', 'rule_hits', 'risk_score', 'probability', 'log_odds', 'base_log_odds', 'feature_1', 'feature_2',
        'feature_3', 'value_1', 'value_2', 'value_3', 'contribution_1', 'contribution_2', 'contribution_3',
        'other_contribution', 'model_id', 'run_metadata'
    ]) %}
{% endmacro %}


{#- The CTEs that give attempts their reasons, the last of them called `reasoned`. Those of a model are its features. Where
    there are none, as where rules have scored, the reasons are the rules that were hit. -#}
{% macro reasoned_attempts(decided) -%}
{%- set fixed = ['yes', 'no', 'unknown', 'number', 'percent', 'other_feature'] -%}
fixed_words as (

    select
        {%- for name in fixed %}
        max(case when message_key = 'risk.{{ name }}' then text end) as text_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from words

),

named as (

    select
        {{ decided }}.*,
        {%- for place in [1, 2, 3] %}
        {%- set feature = decided ~ '.feature_' ~ place %}
        {%- set value = decided ~ '.value_' ~ place %}
        {%- set rule = 'rules_' ~ place %}
        case when {{ feature }} is not null then coalesce(words_{{ place }}.message_key, 'risk.other_feature') end
            as feature_key_{{ place }},
        coalesce(words_{{ place }}.text, fixed_words.text_other_feature) as feature_words_{{ place }},
        replace({{ feature }}, '_', ' ') as feature_name_{{ place }},
        case when {{ value }} is null then 'risk.unknown' else 'risk.number' end as value_key_{{ place }},
        case when {{ value }} is null then 'risk.unknown' else 'risk.percent' end as percent_key_{{ place }},
        case {{ value }} when 1e0 then 'risk.yes' when 0e0 then 'risk.no' else 'risk.unknown' end as answer_key_{{ place }},
        case {{ value }} when 1e0 then text_yes when 0e0 then text_no else text_unknown end as answer_text_{{ place }},
        {{ shown_number(value) }} as number_{{ place }},
        {{ shown_number('1e2 * ' ~ value) }} as share_{{ place }},
        {{ rule_reason_key(rule, 'rule_words_' ~ place) }} as rule_key_{{ place }},
        {{ own_rule_reason(rule) }} as own_reason_{{ place }},
        {%- endfor %}
        fixed_words.*
    from {{ decided }}
    cross join fixed_words
    {%- for place in [1, 2, 3] %}
    left join words as words_{{ place }} on words_{{ place }}.message_key = 'risk.' || {{ decided }}.feature_{{ place }}
    left join rules as rules_{{ place }} on split_part({{ decided }}.rule_hits, ',', {{ place }}) = rules_{{ place }}.rule
    left join words as rule_words_{{ place }}
        on rule_words_{{ place }}.message_key = 'risk.rule.' || rules_{{ place }}.rule
    {%- endfor %}

),

valued as (

    select
        *,
        {%- for place in [1, 2, 3] %}
        case when number_{{ place }} is null then text_unknown
            else {{ sentence('text_number', {'number': 'number_' ~ place}) }} end as value_text_{{ place }},
        case when share_{{ place }} is null then text_unknown
            else {{ sentence('text_percent', {'share': 'share_' ~ place}) }} end as percent_text_{{ place }},
        case
            when scored_by = 'rules' or base_log_odds is null then
                {%- if place == 1 %}
                coalesce(
                    rule_key_1,
                    case when scored_by = 'rules' then 'risk.unlike_others' else 'risk.amount_and_chance' end
                )
                {%- else %}
                rule_key_{{ place }}
                {%- endif %}
            when contribution_{{ place }} < 0 then 'risk.against'
            else feature_key_{{ place }}
        end as reason_{{ place }}_key{{ ',' if not loop.last }}
        {%- endfor %}
    from named

),

in_words as (

    select
        *,
        {%- for place in [1, 2, 3] %}
        {{ sentence('feature_words_' ~ place, some_slots(
            risk_reason_slots(place), ['@value', '@percent', '@answer', 'feature']
        )) }} as feature_text_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from valued

),

reasoned as (

    select
        in_words.*,
        {%- for place in [1, 2, 3] %}
        {%- set slots = risk_reason_slots(place) %}
        {{ sentence('texts_' ~ place ~ '.text', slots) }} as reason_{{ place }},
        case when reason_{{ place }}_key is not null then {{ slot_values(slots) }} end
            as reason_{{ place }}_values{{ ',' if not loop.last }}
        {%- endfor %}
    from in_words
    {%- for place in [1, 2, 3] %}
    left join words as texts_{{ place }} on texts_{{ place }}.message_key = in_words.reason_{{ place }}_key
    {%- endfor %}

),
{%- endmacro %}
