{#- What comes from outside (names of columns and tables, texts, paths) gets into SQL through these macros alone: each
    database closes a name or a text in its own way. -#}

{#- A text as a literal. -#}
{% macro sql_text(text) %}
    {% do return(adapter.dispatch('sql_text', 'footfall')(text | string)) %}
{% endmacro %}

{% macro default__sql_text(text) %}
    {% do return("'" ~ text.replace("'", "''") ~ "'") %}
{% endmacro %}

{% macro spark__sql_text(text) %}
    {% do return("'" ~ text.replace('\\', '\\\\').replace("'", "\\'") ~ "'") %}
{% endmacro %}


{#- Texts as literals. -#}
{% macro quoted_texts(texts) %}
    {% set quoted = [] %}
    {% for text in texts %}
        {% do quoted.append(sql_text(text)) %}
    {% endfor %}
    {% do return(quoted) %}
{% endmacro %}


{#- A name of a column or table. -#}
{% macro sql_name(name) %}
    {% do return(adapter.dispatch('sql_name', 'footfall')(name | string)) %}
{% endmacro %}

{% macro default__sql_name(name) %}
    {% do return('"' ~ name.replace('"', '""') ~ '"') %}
{% endmacro %}

{% macro spark__sql_name(name) %}
    {% do return('`' ~ name.replace('`', '``') ~ '`') %}
{% endmacro %}


{#- The name of a table or view as a user writes it, with dots between its parts; a part with a dot of its own is put in
    double quotes. -#}
{% macro sql_relation(name) %}
    {% set parts = [] %}
    {% for part in modules.re.findall('"(?:[^"]|"")*"|[^."]+', name | string) %}
        {% set bare = part[1:-1].replace('""', '"') if part.startswith('"') else part | trim %}
        {% do parts.append(sql_name(bare)) %}
    {% endfor %}
    {% do return(parts | join('.')) %}
{% endmacro %}
