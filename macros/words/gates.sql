{#- What a gate is about: messages for the score, how far it looks ahead, and whom it stands for where that is not all. -#}
{% macro gate_subject_parts() %}
    {% do return({
        'gate.subject.score': 'score is not null',
        'gate.subject.days': 'horizon_days <> 0',
        'gate.subject.population': "population <> 'all'"
    }) %}
{% endmacro %}


{#- The keys of these messages, with blanks between them. -#}
{% macro gate_subject_keys() -%}
    concat_ws(
        ' '
        {%- for key, condition in gate_subject_parts().items() %},
        case when {{ condition }} then '{{ key }}' end
        {%- endfor %}
    )
{%- endmacro %}


{#- The same in words, with the columns score, days_text and population in their slots. -#}
{% macro gate_subject() -%}
    {%- set slots = {'score': 'score', 'days': 'days_text', 'population': 'population'} -%}
    concat_ws(
        ''
        {%- for key, condition in gate_subject_parts().items() %},
        case when {{ condition }} then {{ sentence(word(key), slots) }} end
        {%- endfor %}
    )
{%- endmacro %}
