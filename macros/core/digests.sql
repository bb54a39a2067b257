{#- A digest of many rows together, as text, whatever order they are read in. It is made to be fast: on another version
    of the database it may be another one, so the version is part of it. -#}
{% macro rows_digest(row_digest) -%}
    {{ return(adapter.dispatch('rows_digest', 'footfall')(row_digest)) }}
{%- endmacro %}

{% macro default__rows_digest(row_digest) -%}
    md5(version() || ' ' || cast(count({{ row_digest }}) as varchar) || ' '
        || coalesce(cast(sum({{ row_digest }}) as varchar), ''))
{%- endmacro %}


{#- A digest of those columns of a row whose names begin with a prefix, and of others that are named. The relation says
    which columns there are, where a database cannot find them by their names. -#}
{% macro digest_of_prefixed(prefix, columns, relation) -%}
    {{ return(adapter.dispatch('digest_of_prefixed', 'footfall')(prefix, columns, relation)) }}
{%- endmacro %}

{% macro default__digest_of_prefixed(prefix, columns, relation) -%}
    {% set found = columns | list %}
    {% for column in adapter.get_columns_in_relation(relation) if column.name.startswith(prefix) %}
        {% do found.append(column.name) %}
    {% endfor %}
    {{ row_digest(found) }}
{%- endmacro %}

{% macro duckdb__digest_of_prefixed(prefix, columns, relation) -%}
    hash({{ columns | join(', ') }}, *columns('^{{ prefix }}'))
{%- endmacro %}
