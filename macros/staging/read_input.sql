{#- What stands in a from clause for a source that is a file (or glob) named by a var. Text files are read through a
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
        {% do return("read_parquet(" ~ sql_files(files) ~ ", union_by_name = true)") %}
    {% elif kind == 'json' %}
        {% do return("read_json_objects(" ~ sql_files(files) ~ ", format = 'newline_delimited', ignore_errors = true)") %}
    {% endif %}
    {% set copies = [] %}
    {% for file in files %}
        {% do copies.append(query_value('select footfall_text_file(' ~ sql_text(file) ~ ')')) %}
    {% endfor %}
    {% do return("read_parquet(" ~ sql_files(copies) ~ ", union_by_name = true)") %}
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


{#- Files as a list for DuckDB's readers, which take each for a pattern. -#}
{% macro sql_files(files) %}
    {% set patterns = [] %}
    {% for file in files %}
        {% do patterns.append(literal_pattern(file)) %}
    {% endfor %}
    {% do return(sql_list(patterns)) %}
{% endmacro %}


{#- The columns of a from-clause item as a dict: lower-case name -> {name, type}. -#}
{% macro input_columns(table) %}
    {% set columns = {} %}
    {% if execute %}
        {% for row in run_query('describe select * from ' ~ table) %}
            {% do columns.update({row[0] | lower: {'name': row[0], 'type': row[1]}}) %}
        {% endfor %}
    {% endif %}
    {% do return(columns) %}
{% endmacro %}


{#- Every row of an input as one JSON text in the column `row_json`: null where a line is no JSON. -#}
{% macro read_input_as_json(relation, var_name) -%}
    {%- set table = read_input(relation, var_name, ['parquet', 'text', 'json']) -%}
    {%- if table.startswith('read_json_objects') -%}
    select cast(json as string) as row_json from {{ table }}
    {%- elif execute -%}
    select cast(to_json(input_rows) as string) as row_json from {{ table }} as input_rows
    {%- else -%}
    select cast(null as string) as row_json
    {%- endif -%}
{%- endmacro %}


{#- The first value of a query's only row; the query runs while the model is compiled. -#}
{% macro query_value(query) %}
    {% do return(run_query(query).columns[0].values()[0]) %}
{% endmacro %}
