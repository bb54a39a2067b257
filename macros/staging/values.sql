{#- Columns of unknown type become values of the contract. A column is a dict {sql, type} as input_column gives it,
    or none where the input has no such column. -#}

{#- The first of the wanted columns (lower case) that the input has, as {sql, type, name}, or none. -#}
{% macro input_column(columns, wanted, alias) %}
    {% for name in wanted if name in columns %}
        {% set found = columns[name] %}
        {% do return({'sql': alias ~ '.' ~ sql_name(found.name), 'type': found.type, 'name': found.name}) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{#- The columns of an input under the names of `wanted`, a dict name -> spellings (lower case). A run stops when the
    input has none of the spellings. -#}
{% macro required_columns(file, columns, alias, wanted) %}
    {% set found = {} %}
    {% set missing = [] %}
    {% for name, spellings in wanted.items() %}
        {% set column = input_column(columns, spellings, alias) %}
        {% if execute and column is none %}
            {% do missing.append(spellings[0]) %}
        {% endif %}
        {% do found.update({name: column}) %}
    {% endfor %}
    {% if missing %}
        {% do raise_missing_columns(file, missing, columns) %}
    {% endif %}
    {% do return(found) %}
{% endmacro %}


{#- Trimmed text; empty text is null. -#}
{% macro text_value(column) -%}
    {%- if column is none -%}
    cast(null as string)
    {%- else -%}
    nullif(trim(cast({{ column.sql }} as string)), '')
    {%- endif -%}
{%- endmacro %}


{#- An id as text. Whole numbers that a tool has stored as floats (17850.0, because of one null) lose the fraction. -#}
{% macro id_value(column) -%}
    {%- if column is not none and kind_of(column) == 'float' -%}
    case
            when {{ column.sql }} = floor({{ column.sql }}) and abs({{ column.sql }}) < 9e15
                then cast(cast({{ column.sql }} as bigint) as string)
            else cast({{ column.sql }} as string)
        end
    {%- else -%}
    {{ text_value(column) }}
    {%- endif -%}
{%- endmacro %}


{#- A finite number, or null. -#}
{% macro number_value(column) -%}
    {%- if column is none -%}
    cast(null as double)
    {%- else -%}
    case
            when {{ is_finite('try_cast(' ~ (column.sql if is_number(column) else text_value(column)) ~ ' as double)') }}
                then try_cast({{ column.sql if is_number(column) else text_value(column) }} as double)
        end
    {%- endif -%}
{%- endmacro %}


{#- A moment in UTC, or null. Text without an offset is UTC; whole numbers are seconds, milli-, micro- or nanoseconds
    since 1970, distinguished by their size; `formats` are further ways to write a time (strptime), tried last. -#}
{% macro time_value(column, formats=[]) -%}
    {%- if column is none -%}
    cast(null as {{ moment_type() }})
    {%- elif kind_of(column) == 'moment' -%}
    case when {{ is_finite_time(column.sql) }} then {{ column.sql }} end
    {%- elif kind_of(column) == 'local time' -%}
    case
            when {{ is_finite_time(column.sql) }} then {{ utc_moment('cast(' ~ column.sql ~ ' as timestamp)') }}
        end
    {%- elif is_number(column) -%}
    {{ epoch_value(column.sql) }}
    {%- else -%}
    case
            when {{ is_finite_time('try_cast(' ~ text_value(column) ~ ' as ' ~ moment_type() ~ ')') }}
                then try_cast({{ text_value(column) }} as {{ moment_type() }})
            when {{ matches(text_value(column), '^[0-9]{9,19}$') }}
                then {{ epoch_value('try_cast(' ~ text_value(column) ~ ' as bigint)') }}
            {%- if formats %}
            else {{ utc_moment(written_time(text_value(column), formats)) }}
            {%- endif %}
        end
    {%- endif -%}
{%- endmacro %}


{#- Seconds, milli-, micro- or nanoseconds since 1970 as a time. -#}
{% macro epoch_value(number) -%}
    case
                when abs({{ number }}) < 1e11 then {{ moment_of_microseconds('cast(' ~ number ~ ' * 1e6 as bigint)') }}
                when abs({{ number }}) < 1e14 then {{ moment_of_microseconds('cast(' ~ number ~ ' * 1e3 as bigint)') }}
                when abs({{ number }}) < 1e17 then {{ moment_of_microseconds('cast(' ~ number ~ ' as bigint)') }}
                when abs({{ number }}) < 9e18 then {{ moment_of_microseconds('cast(' ~ number ~ ' / 1e3 as bigint)') }}
            end
{%- endmacro %}


{#- True or false in any of the usual spellings, or null. -#}
{% macro boolean_value(column) -%}
    {%- if column is none -%}
    cast(null as boolean)
    {%- else -%}
    try_cast({{ text_value(column) }} as boolean)
    {%- endif -%}
{%- endmacro %}


{#- The reason to reject a row whose value is there but is not a number (or not a time), else null. -#}
{% macro number_problem(name, column) -%}
    {%- if column is none or is_number(column) and kind_of(column) != 'float' -%}
    cast(null as string)
    {%- else -%}
    case
            when {{ text_value(column) }} is not null and {{ number_value(column) }} is null
                then {{ sql_text(name ~ ' is not a number: ') }} || {{ text_value(column) }}
        end
    {%- endif -%}
{%- endmacro %}

{% macro time_problem(name, column, formats=[]) -%}
    {%- if column is none -%}
    cast(null as string)
    {%- else -%}
    case
            when {{ text_value(column) }} is not null and {{ time_value(column, formats) }} is null
                then {{ sql_text(name ~ ' is not a time: ') }} || {{ text_value(column) }}
        end
    {%- endif -%}
{%- endmacro %}


{% macro is_number(column) %}
    {% do return(kind_of(column) in ('float', 'exact number')) %}
{% endmacro %}


{#- What a column holds, by its type: float, exact number, moment, local time or other. -#}
{% macro kind_of(column) %}
    {% do return(adapter.dispatch('kind_of', 'footfall')(column)) %}
{% endmacro %}

{% macro duckdb__kind_of(column) %}
    {% do return(
        'float' if column.type in ('DOUBLE', 'FLOAT')
        else 'exact number' if column.type.split('(')[0] in (
            'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT',
            'UHUGEINT', 'DECIMAL'
        )
        else 'moment' if column.type == 'TIMESTAMP WITH TIME ZONE'
        else 'local time' if column.type.startswith('TIMESTAMP') or column.type == 'DATE'
        else 'other'
    ) %}
{% endmacro %}


{#- Columns of the input as one JSON object, as text. -#}
{% macro json_of_columns(columns, alias) -%}
    {%- if columns -%}
    {{ json_of(columns_by_name(columns, alias)) }}
    {%- else -%}
    cast(null as string)
    {%- endif -%}
{%- endmacro %}


{#- Columns of the input as a dict of name and SQL, in their order. -#}
{% macro columns_by_name(columns, alias) %}
    {% set named = {} %}
    {% for column in columns %}
        {% do named.update({column.name: alias ~ '.' ~ sql_name(column.name)}) %}
    {% endfor %}
    {% do return(named) %}
{% endmacro %}
