{#- What the models of experiments share. -#}

{#- The columns of a definition of an experiment. -#}
{% macro experiment_columns() %}
    {% if not execute %}
        {% do return(['experiment']) %}
    {% endif %}
    {% set columns = ask_program('experiment_columns', {}) %}
    {% do return(columns.required + columns.optional) %}
{% endmacro %}


{#- The relation of definitions that the user has, under the names of the seed; columns that it lacks are empty. -#}
{% macro experiments_relation() %}
    {% if not execute %}
        {% do return('(select 1 as parsed_only) as definitions') %}
    {% endif %}
    {% set table = sql_relation(var('experiments_relation')) %}
    {% set found = input_columns(table) %}
    {% set names = ask_program('experiment_columns', {}) %}
    {% set missing = names.required | reject('in', found) | list %}
    {% if missing %}
        {% do raise_missing_columns(
            var('experiments_relation'), missing, found,
            'Var experiments_relation takes a relation with the columns ' ~ names.required | join(', ') ~ '.'
        ) %}
    {% endif %}
    {% set texts = [] %}
    {% for name in names.required + names.optional %}
        {% do texts.append(
            ('cast(' ~ sql_name(found[name].name) ~ ' as string)' if name in found else 'cast(null as string)')
            ~ ' as ' ~ name
        ) %}
    {% endfor %}
    {% do return('(select ' ~ texts | join(', ') ~ ' from ' ~ table ~ ') as definitions') %}
{% endmacro %}


{#- The rows of the user's definitions as dicts of texts, for the checks before a build; none where the seed has them. -#}
{% macro given_experiments() %}
    {% set rows = [] %}
    {% if execute and var('experiments_relation') %}
        {% set columns = experiment_columns() %}
        {% for row in text_rows('select ' ~ experiment_texts() | join(', ') ~ ' from ' ~ experiments_relation() ~ ' order by 1') %}
            {% do rows.append(dict(zip(columns, row))) %}
        {% endfor %}
    {% endif %}
    {% do return(rows) %}
{% endmacro %}


{#- The columns of a definition as trimmed texts; empty where nothing is written. -#}
{% macro experiment_texts() %}
    {% set texts = [] %}
    {% for column in experiment_columns() %}
        {% do texts.append("nullif(trim(cast(" ~ column ~ " as string)), '') as " ~ column) %}
    {% endfor %}
    {% do return(texts) %}
{% endmacro %}


{#- The rows of a text of entries with semicolons between them: a column that numbers them, from 1 on. -#}
{% macro each_entry(text) -%}
    {{ each_number("greatest(coalesce(length(" ~ text ~ ") - length(replace(" ~ text ~ ", ';', '')), 0), 0) + 1") }}
{%- endmacro %}


{#- An entry of such a text by its number. -#}
{% macro entry_of(text, number) -%}
    nullif(trim(split_part({{ text }}, ';', {{ number }})), '')
{%- endmacro %}


{#- The first of several properties of an event that says something, as trimmed text. The var lists their names. -#}
{% macro first_property(document, var_name) -%}
    coalesce(
            {%- for name in var(var_name) %}
            nullif(trim({{ json_text(document, property_path(name)) }}), ''){{ ',' if not loop.last }}
            {%- endfor %}
        )
{%- endmacro %}


{#- The path of a property by its name, which may hold blanks and dots. -#}
{% macro property_path(name) %}
    {% do return('$."' ~ (name | string).replace('"', '\\"') ~ '"') %}
{% endmacro %}


{#- A value, or a threshold where it is above; without a threshold the value. -#}
{% macro capped(number, threshold) -%}
    case when {{ number }} > {{ threshold }} then {{ threshold }} else {{ number }} end
{%- endmacro %}


{#- The quantile above which values of a group are capped; empty for shares and days, and where nothing is capped. A
    quantile of 0 caps nothing: of what hardly any unit does nothing would be left. -#}
{% macro winsor_threshold(column) -%}
    {%- if var('experiment_winsor_quantile') < 1 -%}
    case when min(metric_kind) in ('total', 'ratio') then nullif({{ quantile(column, var('experiment_winsor_quantile')) }}, 0) end
    {%- else -%}
    cast(null as double)
    {%- endif -%}
{%- endmacro %}
