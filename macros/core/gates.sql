{#- Whether a row of a score, read `as scored`, is shown: no gate of its horizon has failed. Without a population the gates of
    everybody count; with one, an expression, those of that population count as well. -#}
{% macro is_shown(score, days='scored.horizon_days', population=none) -%}
    not exists (
        select 1 from {{ ref('int_held_back_scores') }} as held_back
        where held_back.score = '{{ score }}'
            and held_back.horizon_days = {{ days }}
            and (held_back.population is null{% if population %} or held_back.population = {{ population }}{% endif %})
    )
{%- endmacro %}


{#- How far ahead a score looks, as it follows the score's name; nothing for a score of the moment itself. -#}
{% macro days_ahead(horizon_days) -%}
    case when {{ horizon_days }} = 0 then '' else ', ' || {{ horizon_days }} || ' days' end
{%- endmacro %}


{#- What back-tests call the models that are served, of whatever score. -#}
{% macro served_models() -%}
    ('attention_scorer', 'boosted_trees', 'text_regression')
{%- endmacro %}
