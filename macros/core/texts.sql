{#- Whether a regular expression is found in a text. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'footfall')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ sql_text(pattern) }})
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike {{ sql_text(pattern) }}
{%- endmacro %}


{#- A text without what a regular expression finds in it; the pattern finds one place at the most. -#}
{% macro without_match(text, pattern) -%}
    {{ return(adapter.dispatch('without_match', 'footfall')(text, pattern)) }}
{%- endmacro %}

{% macro default__without_match(text, pattern) -%}
    regexp_replace({{ text }}, {{ sql_text(pattern) }}, '')
{%- endmacro %}
