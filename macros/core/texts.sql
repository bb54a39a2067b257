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


{#- A text without anything that a regular expression finds in it. -#}
{% macro without_all(text, pattern) -%}
    {{ return(adapter.dispatch('without_all', 'footfall')(text, pattern)) }}
{%- endmacro %}

{% macro default__without_all(text, pattern) -%}
    regexp_replace({{ text }}, {{ sql_text(pattern) }}, '', 'g')
{%- endmacro %}

{% macro spark__without_all(text, pattern) -%}
    regexp_replace({{ text }}, {{ sql_text(pattern) }}, '')
{%- endmacro %}


{#- A text with what a regular expression finds in it written otherwise. The pattern finds one place at the most;
    `group_no` writes what one of its groups has found. -#}
{% macro rewritten(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('rewritten', 'footfall')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__rewritten(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ sql_text(pattern) }}, {{ sql_text(replacement) }})
{%- endmacro %}

{% macro group_no(number) -%}
    {{ return(adapter.dispatch('group_no', 'footfall')(number)) }}
{%- endmacro %}

{% macro default__group_no(number) -%}
    {{ return('\\' ~ number) }}
{%- endmacro %}

{% macro spark__group_no(number) -%}
    {{ return('$' ~ number) }}
{%- endmacro %}


{#- What a regular expression finds in a text first; empty where it finds nothing. -#}
{% macro match_in(text, pattern) -%}
    {{ return(adapter.dispatch('match_in', 'footfall')(text, pattern)) }}
{%- endmacro %}

{% macro default__match_in(text, pattern) -%}
    regexp_extract({{ text }}, {{ sql_text(pattern) }})
{%- endmacro %}

{% macro spark__match_in(text, pattern) -%}
    regexp_extract({{ text }}, {{ sql_text(pattern) }}, 0)
{%- endmacro %}


{#- A text without the given characters at its ends. -#}
{% macro stripped(text, characters) -%}
    {{ return(adapter.dispatch('stripped', 'footfall')(text, characters)) }}
{%- endmacro %}

{% macro default__stripped(text, characters) -%}
    trim({{ text }}, {{ sql_text(characters) }})
{%- endmacro %}

{% macro spark__stripped(text, characters) -%}
    trim(both {{ sql_text(characters) }} from {{ text }})
{%- endmacro %}


{#- The lines of a text as a list. -#}
{% macro lines_of(text) -%}
    {{ return(adapter.dispatch('lines_of', 'footfall')(text)) }}
{%- endmacro %}

{% macro default__lines_of(text) -%}
    string_split({{ text }}, {{ sql_text('\n') }})
{%- endmacro %}

{% macro spark__lines_of(text) -%}
    split({{ text }}, '\n')
{%- endmacro %}


{#- Whether a text is one of several words. On DuckDB a long `in` becomes a join, and an expression that stands in many
    columns as many joins. -#}
{% macro is_one_of(text, words) -%}
    {{ return(adapter.dispatch('is_one_of', 'footfall')(text, words)) }}
{%- endmacro %}

{% macro default__is_one_of(text, words) -%}
    {{ text }} in ({{ quoted_texts(words) | join(', ') }})
{%- endmacro %}

{% macro duckdb__is_one_of(text, words) -%}
    list_contains({{ list_of(quoted_texts(words)) }}, {{ text }})
{%- endmacro %}
