{#- The reasons of scores as columns: what moves each score most, from the CTE `attributions` of score_attributions. -#}

{#- Names of the columns that hold the three reasons of a score. -#}
{% macro reason_columns(prefix) %}
    {% do return([prefix ~ '_reason_1', prefix ~ '_reason_2', prefix ~ '_reason_3']) %}
{% endmacro %}


{#- The reason at each of three places, where a condition holds: aggregates over rows of attributions. -#}
{% macro placed_reasons(prefix, condition) -%}
    {%- for column in reason_columns(prefix) %}
        max(case when idea_rank = {{ loop.index }} and {{ condition }} then reason end) as {{ column }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
