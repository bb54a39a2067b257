{#- Stops with the name of the file, all the columns that it lacks, and the columns that it has. -#}
{% macro raise_missing_columns(file, missing, columns, hint='') %}
    {% set names = own_columns(columns) | map(attribute='name') | list %}
    {% set likeness = ask_program('describe_columns', {'columns': names}) or '' %}
    {% set likeness = '' if 'SOURCE=' ~ var('footfall_source') in likeness else likeness %}
    {% do exceptions.raise_compiler_error(
        "'" ~ file ~ "' has no column" ~ ('s' if missing | length > 1 else '') ~ " '" ~ missing | join("', '")
        ~ "', which " ~ ('are' if missing | length > 1 else 'is') ~ ' required. It has: '
        ~ (names | join(', ') if names else 'no columns') ~ '.' ~ (' ' ~ likeness if likeness else '')
        ~ (' ' ~ hint if hint else '')
    ) %}
{% endmacro %}


{#- The columns that are the user's, without those that reading adds. -#}
{% macro own_columns(columns) %}
    {% set own = [] %}
    {% for column in columns.values()
        if not column.name.startswith('footfall_line_')
        and column.name not in ('footfall_event_type', 'footfall_file', 'footfall_read_from') %}
        {% do own.append(column) %}
    {% endfor %}
    {% do return(own) %}
{% endmacro %}


{#- The row as it arrived, as JSON text: the line itself where it could not be taken apart. -#}
{% macro raw_row(columns, alias) -%}
    {%- if 'footfall_line_text' in columns -%}
    case
            when {{ alias }}.footfall_line_text is not null
                then {{ json_of({
                    'line_number': alias ~ '.footfall_line_number', 'line': alias ~ '.footfall_line_text'
                }) }}
            else {{ json_of_columns(own_columns(columns), alias) }}
        end
    {%- else -%}
    {{ json_of_columns(own_columns(columns), alias) }}
    {%- endif -%}
{%- endmacro %}


{#- Why a line of a text file could not be taken apart, and of which file, else null. -#}
{% macro line_problem(columns, alias) -%}
    {%- if 'footfall_line_problem' in columns -%}
    'line ' || {{ alias }}.footfall_line_number || ' ' || {{ alias }}.footfall_line_problem
    {%- else -%}
    cast(null as string)
    {%- endif -%}
{%- endmacro %}
