{#- Why an attempt has its score, in words. -#}

{#- A reason of the model, such as "Attempts of the customer within an hour: 4": the message `risk.<feature>`, or the name of a
    feature that has none. Empty without a feature. -#}
{% macro feature_reason(name, text, value) -%}
    {{ sentence(
        'coalesce(' ~ text ~ ", replace(" ~ name ~ ", '_', ' ') || ': {value}')",
        {
            'value': shown_value(value),
            'percent': shown_value('1e2 * ' ~ value, unit=' %'),
            'answer': 'case ' ~ value ~ ' when 1e0 then text_yes when 0e0 then text_no else text_unknown end'
        }
    ) }}
{%- endmacro %}


{#- A number with one decimal, or none where it is whole; a word where it is not known. -#}
{% macro shown_value(number, unit='') -%}
    case
        when {{ number }} is null then text_unknown
        when abs({{ number }}) < 1e15 and {{ number }} = round({{ number }})
            then cast(cast({{ number }} as bigint) as string){{ " || '" ~ unit ~ "'" if unit }}
        else cast(round({{ number }}, 1) + 0e0 as string){{ " || '" ~ unit ~ "'" if unit }}
    end
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
fixed_words as (

    select
        {%- for name in ['yes', 'no', 'unknown', 'against', 'unlike_others', 'amount_and_chance'] %}
        max(case when message_key = 'risk.{{ name }}' then text end) as text_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from words

),

named as (

    select
        {{ decided }}.*,
        {%- for place in [1, 2, 3] %}
        words_{{ place }}.text as text_{{ place }},
        rules_{{ place }}.reason as rule_reason_{{ place }},
        {%- endfor %}
        case when {{ decided }}.scored_by = 'rules' then text_unlike_others else text_amount_and_chance end
            as text_without_reason,
        fixed_words.*
    from {{ decided }}
    cross join fixed_words
    {%- for place in [1, 2, 3] %}
    left join words as words_{{ place }} on words_{{ place }}.message_key = 'risk.' || {{ decided }}.feature_{{ place }}
    left join rules as rules_{{ place }} on split_part({{ decided }}.rule_hits, ',', {{ place }}) = rules_{{ place }}.rule
    {%- endfor %}

),

in_words as (

    select
        *,
        {%- for place in [1, 2, 3] %}
        case
            when feature_{{ place }} is not null
                then {{ feature_reason('feature_' ~ place, 'text_' ~ place, 'value_' ~ place) }}
        end as feature_reason_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from named

),

reasoned as (

    select
        *,
        {%- for place in [1, 2, 3] %}
        case
            when scored_by = 'rules' or base_log_odds is null
                then {{ 'coalesce(rule_reason_1, text_without_reason)' if place == 1 else 'rule_reason_' ~ place }}
            when contribution_{{ place }} < 0
                then {{ sentence('text_against', {'reason': 'feature_reason_' ~ place}) }}
            else feature_reason_{{ place }}
        end as reason_{{ place }}{{ ',' if not loop.last }}
        {%- endfor %}
    from in_words

),
{%- endmacro %}
