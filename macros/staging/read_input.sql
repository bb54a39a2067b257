{#- The from clause for a source that is a file (or glob) named by a var. Text files are read through a
    Parquet copy that keeps every line; see footfall.adapter.inputs. -#}
{% macro read_input(relation, var_name, kinds=['parquet', 'text']) %}
    {% if not execute %}
        {% do return('(select 1 as parsed_only)') %}
    {% endif %}
    {% set path = var(var_name, none) %}
    {% if not path %}
        {% do exceptions.raise_compiler_error(
            "var '" ~ var_name ~ "' is not set: it takes the path of the file with the " ~ relation.identifier ~ ' of '
            ~ relation.schema ~ '.'
        ) %}
    {% endif %}
    {% set files = input_files(path) %}
    {% if not files %}
        {% do exceptions.raise_compiler_error(
            ask_program('no_file_problem', {'name': var_name, 'value': path, 'path': path})
        ) %}
    {% endif %}
    {% set kind = input_kind(path) %}
    {% if kind not in kinds %}
        {% do exceptions.raise_compiler_error(
            "var '" ~ var_name ~ "' is '" ~ path ~ "': the name must end in .parquet, .csv, .tsv or .txt"
            ~ (', or in .json, .jsonl or .ndjson with an object a line' if 'json' in kinds else '')
            ~ '; text may be gzipped (.gz).'
        ) %}
    {% endif %}
    {% if kind == 'parquet' %}
        {% do return(rows_of_parquet(files)) %}
    {% elif kind == 'json' %}
        {% do return(rows_of_json_lines(files)) %}
    {% endif %}
    {% set copies = [] %}
    {% for file in files %}
        {% do copies.append(query_value('select footfall_text_file(' ~ sql_text(file) ~ ')')) %}
    {% endfor %}
    {% do return(rows_of_parquet(copies)) %}
{% endmacro %}


{#- parquet, json (a line an object), text (delimited) or none, by the end of the name. -#}
{% macro input_kind(path) %}
    {% set name = modules.re.sub('\\.gz$', '', path | lower) %}
    {% set suffix = name.split('.')[-1] %}
    {% do return(
        'parquet' if suffix in ('parquet', 'pq')
        else 'json' if suffix in ('json', 'jsonl', 'ndjson')
        else 'text' if suffix in ('csv', 'tsv', 'txt')
        else none
    ) %}
{% endmacro %}


{#- The files that a path or glob names, sorted. Where a file has exactly that name, it is meant, and no pattern. -#}
{% macro input_files(path) %}
    {% set pattern = literal_pattern(path) if ask_program('is_file', {'path': path}) else path %}
    {% do return(
        run_query('select file from ' ~ files_like(pattern) ~ ' order by file').columns[0].values() | list
    ) %}
{% endmacro %}


{#- The pattern that one file matches, whatever its name. -#}
{% macro literal_pattern(path) %}
    {% do return(modules.re.sub('([*?[])', '[\\1]', path)) %}
{% endmacro %}


{#- Files as a list for the readers of DuckDB, which take each for a pattern. -#}
{% macro sql_files(files) %}
    {% set patterns = [] %}
    {% for file in files %}
        {% do patterns.append(sql_text(literal_pattern(file))) %}
    {% endfor %}
    {% do return(list_of(patterns)) %}
{% endmacro %}


{#- The from clause for Parquet files whose columns go by their names. -#}
{% macro rows_of_parquet(files) %}
    {% do return(adapter.dispatch('rows_of_parquet', 'footfall')(files)) %}
{% endmacro %}

{% macro duckdb__rows_of_parquet(files) %}
    {% do return('read_parquet(' ~ sql_files(files) ~ ', union_by_name = true)') %}
{% endmacro %}


{#- The same for files of JSON with an object a line. -#}
{% macro rows_of_json_lines(files) %}
    {% do return(adapter.dispatch('rows_of_json_lines', 'footfall')(files)) %}
{% endmacro %}

{% macro duckdb__rows_of_json_lines(files) %}
    {% do return(
        'read_json_objects(' ~ sql_files(files) ~ ", format = 'newline_delimited', ignore_errors = true)"
    ) %}
{% endmacro %}


{#- A line of such a file as text; null where it is not JSON. -#}
{% macro line_as_json() -%}
    {{ return(adapter.dispatch('line_as_json', 'footfall')()) }}
{%- endmacro %}

{% macro duckdb__line_as_json() -%}
    cast(json as string)
{%- endmacro %}


{#- The columns of a from clause, in order, each as {name, type}. -#}
{% macro columns_of(table) %}
    {% do return(adapter.dispatch('columns_of', 'footfall')(table)) %}
{% endmacro %}

{% macro duckdb__columns_of(table) %}
    {% set columns = [] %}
    {% for row in run_query('describe select * from ' ~ table) %}
        {% do columns.append({'name': row[0], 'type': row[1]}) %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}


{#- The columns of a from-clause item as a dict: lower-case name -> {name, type}. -#}
{% macro input_columns(table) %}
    {% set columns = {} %}
    {% if execute %}
        {% for column in columns_of(table) %}
            {% do columns.update({column.name | lower: column}) %}
        {% endfor %}
    {% endif %}
    {% do return(columns) %}
{% endmacro %}


{#- Every row of an input as one JSON text in the column `row_json`: null where a line is not JSON. -#}
{% macro read_input_as_json(relation, var_name) -%}
    {%- set table = read_input(relation, var_name, ['parquet', 'text', 'json']) -%}
    {%- if execute and input_kind(var(var_name)) == 'json' -%}
    select {{ line_as_json() }} as row_json from {{ table }}
    {%- elif execute -%}
    select {{ json_of_row('input_rows') }} as row_json from {{ table }} as input_rows
    {%- else -%}
    select cast(null as string) as row_json
    {%- endif -%}
{%- endmacro %}


{#- The first value of a query's only row; the query runs while the model is compiled. -#}
{% macro query_value(query) %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}


{#- A value that the connection was opened with (footfall.adapter.plugin): no secret, and none where it was not set. -#}
{% macro connection_variable(name) %}
    {% do return(adapter.dispatch('connection_variable', 'footfall')(name)) %}
{% endmacro %}

{% macro duckdb__connection_variable(name) %}
    {% do return(query_value('select getvariable(' ~ sql_text(name) ~ ')')) %}
{% endmacro %}
