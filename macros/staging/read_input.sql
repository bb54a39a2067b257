{#- The from clause for a source that is files named by a var: a path, a pattern, a folder, or a list of these. Text files
    are read through Parquet copies that keep every line; see footfall.adapter.inputs. `layout` says what such files do
    not say of themselves (names and widths of columns). -#}
{% macro read_input(relation, var_name, kinds=['parquet', 'text'], layout={}) %}
    {% if not execute %}
        {% do return('(select 1 as parsed_only)') %}
    {% endif %}
    {% set tables = [] %}
    {% for part in input_parts(relation, var_name, kinds) %}
        {% set table = rows_of_files(part, layout) %}
        {% do tables.append(table if part.event_type is none else with_event_type(table, part.event_type)) %}
    {% endfor %}
    {% do return(tables[0] if tables | length == 1 else stacked_by_name(tables)) %}
{% endmacro %}


{#- What a var names, as a list of {event_type, kind, files}: files of one kind, and the event type that all their rows
    have, if the var says so. Stops where there is no such file, or one of a kind that the source does not read. -#}
{% macro input_parts(relation, var_name, kinds) %}
    {% set paths = var(var_name, none) %}
    {% if not paths %}
        {% do exceptions.raise_compiler_error(
            "var '" ~ var_name ~ "' is not set: it takes the path of the file with the " ~ relation.identifier ~ ' of '
            ~ relation.schema ~ '.'
        ) %}
    {% endif %}
    {% set parts = [] %}
    {% for named in ask_program('named_paths', {'value': paths}) %}
        {% set files = input_files(named.path) %}
        {% if not files %}
            {% do exceptions.raise_compiler_error(
                ask_program('no_file_problem', {'name': var_name, 'value': named.path, 'path': named.path})
            ) %}
        {% endif %}
        {% for group in ask_program(
            'files_by_kind', {'name': var_name, 'value': named.path, 'files': files, 'kinds': kinds}
        ) %}
            {% do parts.append({
                'event_type': named.event_type, 'path': named.path, 'kind': group.kind, 'files': group.files
            }) %}
        {% endfor %}
    {% endfor %}
    {% do return(parts) %}
{% endmacro %}


{#- The from clause for the files of one part of `input_parts`, a column for each field. -#}
{% macro rows_of_files(part, layout={}) %}
    {% if part.kind == 'parquet' %}
        {% set readable = files_to_read('footfall_parquet_file(file)', part.files) %}
        {% do note_files_read(layout, part, readable) %}
        {% do return(rows_of_parquet(readable, layout.with_file)) %}
    {% endif %}
    {% set how = {'kind': 'text' if part.kind == 'text' else 'json'} %}
    {% do how.update({
        'names': layout.names, 'widths': layout.widths, 'encoding': layout.get('encoding')
    }) if part.kind == 'text' and layout %}
    {% set copies = files_to_read('footfall_text_file(file, ' ~ sql_text(tojson(how)) ~ ')', part.files) %}
    {% do note_files_read(layout, part, copies) %}
    {% do return(rows_of_parquet(copies, layout.with_file)) %}
{% endmacro %}


{#- Notes in `layout.read`, if it is there, which file is read in place of which, as {file, stand_in, event_type}. -#}
{% macro note_files_read(layout, part, copies) %}
    {% if layout.read is defined %}
        {% for file in part.files %}
            {% do layout.read.append({'file': file, 'stand_in': copies[loop.index0], 'event_type': part.event_type}) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- What a function of the plugin names to be read in place of each of several files, asked in one query; stops with what is
    wrong with the first that cannot be read. The call takes the column `file`. -#}
{% macro files_to_read(call, files) %}
    {% set places = [] %}
    {% for file in files %}
        {% do places.append('(' ~ loop.index ~ ', ' ~ sql_text(file) ~ ')') %}
    {% endfor %}
    {% set answers = [] %}
    {% if places %}
        {% set answered = run_query(
            'select ' ~ call ~ ' as outcome from (values ' ~ places | join(', ') ~ ') as files(place, file) order by place'
        ) %}
        {% for written in answered.columns[0].values() %}
            {% set outcome = fromjson(written) %}
            {% if 'problem' in outcome %}
                {% do exceptions.raise_compiler_error(outcome.problem) %}
            {% endif %}
            {% do answers.append(outcome.answer) %}
        {% endfor %}
    {% endif %}
    {% do return(answers) %}
{% endmacro %}


{#- A from clause with the event type that all its rows have, as a column of its own. -#}
{% macro with_event_type(table, event_type) %}
    {% do return(
        '(select input_rows.*, ' ~ sql_text(event_type) ~ ' as footfall_event_type from ' ~ table ~ ' as input_rows)'
    ) %}
{% endmacro %}


{#- One from clause of several, whose columns go by their names; what one of them lacks is empty. -#}
{% macro stacked_by_name(tables) %}
    {% do return(adapter.dispatch('stacked_by_name', 'footfall')(tables)) %}
{% endmacro %}

{% macro duckdb__stacked_by_name(tables) %}
    {% do return('(select * from ' ~ tables | join(' union all by name select * from ') ~ ')') %}
{% endmacro %}


{#- The files that a path, a glob or a folder names, sorted. Where a file has exactly that name, it is meant, and no
    pattern. -#}
{% macro input_files(path) %}
    {% set inside = ask_program('files_in', {'path': path}) %}
    {% if inside is not none %}
        {% do return(inside) %}
    {% endif %}
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


{#- The from clause for Parquet files whose columns go by their names, with the path of the file in a column of the name
    `with_file`, if that is asked for. -#}
{% macro rows_of_parquet(files, with_file=false) %}
    {% do return(adapter.dispatch('rows_of_parquet', 'footfall')(files, with_file)) %}
{% endmacro %}

{% macro duckdb__rows_of_parquet(files, with_file) %}
    {% do return(
        'read_parquet(' ~ sql_files(files) ~ ', union_by_name = true' ~ (', filename = ' ~ sql_text(with_file) if with_file else '') ~ ')'
    ) %}
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


{#- The keys of objects in such files, sorted. -#}
{% macro keys_of_json_lines(files) %}
    {% do return(adapter.dispatch('keys_of_json_lines', 'footfall')(files)) %}
{% endmacro %}

{% macro duckdb__keys_of_json_lines(files) %}
    {% do return(run_query(
        "select distinct unnest(json_keys(json)) as key from " ~ rows_of_json_lines(files)
        ~ " where json_type(json) = 'OBJECT' order by key"
    ).columns[0].values() | list) %}
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
    {%- if execute -%}
    {{ rows_as_json(input_parts(relation, var_name, ['parquet', 'text', 'json'])) }}
    {%- else -%}
    select cast(null as string) as row_json
    {%- endif -%}
{%- endmacro %}


{#- The same of some parts of `input_parts`. -#}
{% macro rows_as_json(parts) -%}
    {%- for part in parts -%}
    {{- '\n    union all\n    ' if not loop.first -}}
    {%- if part.kind == 'json' -%}
    select {{ line_as_json() }} as row_json from {{ rows_of_json_lines(part.files) }}
    {%- elif part.kind == 'json list' -%}
    {%- set table = rows_of_files(part) -%}
    select {{ json_of_columns(own_columns(input_columns(table)), 'input_rows') }} as row_json from {{ table }} as input_rows
    {%- else -%}
    {%- set table = rows_of_files(part) -%}
    {%- set is_repaired = part.kind == 'parquet' and 'footfall_line_problem' in input_columns(table) -%}
    select {{ json_of_row('input_rows') }} as row_json from {{ table }} as input_rows
    {%- if is_repaired %} where footfall_line_problem is null
    union all
    select cast(null as string) as row_json from {{ table }} as input_rows where footfall_line_problem is not null
    {%- endif %}
    {%- endif -%}
    {%- endfor -%}
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
