{#- The value at a path of a JSON text, as text: strings without their quotes; empty where there is none. -#}
{% macro json_text(document, path) -%}
    {{ return(adapter.dispatch('json_text', 'footfall')(document, path)) }}
{%- endmacro %}

{% macro default__json_text(document, path) -%}
    json_extract_string({{ document }}, {{ sql_text(path) }})
{%- endmacro %}

{% macro spark__json_text(document, path) -%}
    get_json_object({{ document }}, {{ sql_text(path) }})
{%- endmacro %}


{#- The text that bytes hold, in UTF-8. -#}
{% macro text_of_bytes(bytes) -%}
    {{ return(adapter.dispatch('text_of_bytes', 'footfall')(bytes)) }}
{%- endmacro %}

{% macro default__text_of_bytes(bytes) -%}
    decode({{ bytes }})
{%- endmacro %}

{% macro spark__text_of_bytes(bytes) -%}
    decode({{ bytes }}, 'UTF-8')
{%- endmacro %}


{#- The sum of the numbers at a path of a JSON text that holds several, such as `$.fits.*.seconds`. -#}
{% macro json_sum(document, path) -%}
    {{ return(adapter.dispatch('json_sum', 'footfall')(document, path)) }}
{%- endmacro %}

{% macro default__json_sum(document, path) -%}
    list_sum(cast(json_extract({{ document }}, {{ sql_text(path) }}) as double[]))
{%- endmacro %}


{#- The text of a JSON object: a dict of names and SQL expressions. What is empty stays, as null. -#}
{% macro json_of(fields) -%}
    {{ return(adapter.dispatch('json_of', 'footfall')(fields)) }}
{%- endmacro %}

{% macro default__json_of(fields) -%}
    to_json(named_struct(
            {%- for name, value in fields.items() %}
            {{ sql_text(name) }}, {{ value }}{{ ',' if not loop.last }}
            {%- endfor %}
        ), map('ignoreNullFields', 'false'))
{%- endmacro %}

{% macro duckdb__json_of(fields) -%}
    cast(json_object(
            {%- for name, value in fields.items() %}
            {{ sql_text(name) }}, {{ value }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as string)
{%- endmacro %}


{#- The text of a JSON object with all columns of a table or CTE. -#}
{% macro json_of_row(alias) -%}
    {{ return(adapter.dispatch('json_of_row', 'footfall')(alias)) }}
{%- endmacro %}

{% macro default__json_of_row(alias) -%}
    to_json(struct({{ alias }}.*), map('ignoreNullFields', 'false'))
{%- endmacro %}

{% macro duckdb__json_of_row(alias) -%}
    cast(to_json({{ alias }}) as string)
{%- endmacro %}


{#- A row as one value. -#}
{% macro whole_row(alias) -%}
    {{ return(adapter.dispatch('whole_row', 'footfall')(alias)) }}
{%- endmacro %}

{% macro default__whole_row(alias) -%}
    struct({{ alias }}.*)
{%- endmacro %}

{% macro duckdb__whole_row(alias) -%}
    {{ alias }}
{%- endmacro %}


{#- A raw row as JSON, whether it comes as JSON text or as the row itself: rows of several sources have different
    shapes. -#}
{% macro raw_row_as_json(raw_row) -%}
    {{ return(adapter.dispatch('raw_row_as_json', 'footfall')(raw_row)) }}
{%- endmacro %}

{% macro duckdb__raw_row_as_json(raw_row) -%}
    cast({{ raw_row }} as json)
{%- endmacro %}


{#- Whether a text is JSON. -#}
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json', 'footfall')(text)) }}
{%- endmacro %}

{% macro default__is_json(text) -%}
    get_json_object({{ text }}, '$') is not null
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    json_valid({{ text }})
{%- endmacro %}


{#- Whether a JSON text is a list. -#}
{% macro is_json_list(document) -%}
    {{ return(adapter.dispatch('is_json_list', 'footfall')(document)) }}
{%- endmacro %}

{% macro default__is_json_list(document) -%}
    left(trim({{ document }}), 1) = '['
{%- endmacro %}

{% macro duckdb__is_json_list(document) -%}
    json_type({{ document }}) = 'ARRAY'
{%- endmacro %}


{#- Whether a text is a JSON object. -#}
{% macro is_json_object(text) -%}
    {{ return(adapter.dispatch('is_json_object', 'footfall')(text)) }}
{%- endmacro %}

{% macro default__is_json_object(text) -%}
    from_json({{ text }}, 'map<string,string>') is not null
{%- endmacro %}

{% macro duckdb__is_json_object(text) -%}
    json_valid({{ text }}) and json_type({{ text }}) = 'OBJECT'
{%- endmacro %}


{#- The part at a path of a JSON text, as JSON. -#}
{% macro json_part(document, path) -%}
    {{ return(adapter.dispatch('json_part', 'footfall')(document, path)) }}
{%- endmacro %}

{% macro default__json_part(document, path) -%}
    get_json_object({{ document }}, {{ sql_text(path) }})
{%- endmacro %}

{% macro duckdb__json_part(document, path) -%}
    json_extract({{ document }}, {{ sql_text(path) }})
{%- endmacro %}


{#- The text of a JSON object with the fields of another one, which win where both have one. -#}
{% macro merged_json(document, additions) -%}
    {{ return(adapter.dispatch('merged_json', 'footfall')(document, additions)) }}
{%- endmacro %}

{% macro duckdb__merged_json(document, additions) -%}
    cast(json_merge_patch({{ document }}, {{ additions }}) as string)
{%- endmacro %}


{#- The names of the fields that two JSON objects share with different values, in alphabetical order with commas between
    them; empty where there are none. -#}
{% macro differing_fields(document, other) -%}
    {{ return(adapter.dispatch('differing_fields', 'footfall')(document, other)) }}
{%- endmacro %}

{% macro default__differing_fields(document, other) -%}
    nullif(array_join(filter(
        array_sort(array_intersect(json_object_keys({{ document }}), json_object_keys({{ other }}))),
        name -> get_json_object({{ document }}, '$["' || name || '"]')
            <> get_json_object({{ other }}, '$["' || name || '"]')
    ), ', '), '')
{%- endmacro %}

{% macro duckdb__differing_fields(document, other) -%}
    nullif(array_to_string(list_filter(
        list_sort(list_intersect(json_keys({{ document }}), json_keys({{ other }}))),
        lambda name: json_extract_string({{ document }}, '/' || replace(replace(name, '~', '~0'), '/', '~1'))
            <> json_extract_string({{ other }}, '/' || replace(replace(name, '~', '~0'), '/', '~1'))
    ), ', '), '')
{%- endmacro %}


{#- The text of a JSON object without the fields that are null; null where none is left. -#}
{% macro without_nulls(document) -%}
    nullif({{ merged_json("'{}'", document) }}, '{}')
{%- endmacro %}


{#- A query of the names of all fields that the JSON objects in a column have, each once, in alphabetical order. -#}
{% macro names_of_fields(column, relation) -%}
    select distinct name
    from (
        select {{ unnested_names(column) }} as name
        from {{ relation }}
        where {{ is_json_object(column) }}
    ) as fields
    order by name
{%- endmacro %}

{#- The names of the fields of a JSON object, a row each. -#}
{% macro unnested_names(document) -%}
    {{ return(adapter.dispatch('unnested_names', 'footfall')(document)) }}
{%- endmacro %}

{% macro default__unnested_names(document) -%}
    explode(json_object_keys({{ document }}))
{%- endmacro %}

{% macro duckdb__unnested_names(document) -%}
    unnest(json_keys({{ document }}))
{%- endmacro %}


{#- A JSON text as typed columns. The shape is a dict of names and types (string, bigint, double, boolean, json), of
    dicts, or a list of one of these for a list; what is missing or does not fit is empty. -#}
{% macro parsed_json(document, shape) -%}
    {{ return(adapter.dispatch('parsed_json', 'footfall')(document, shape)) }}
{%- endmacro %}

{% macro default__parsed_json(document, shape) -%}
    from_json({{ document }}, {{ sql_text(json_schema(shape)) }})
{%- endmacro %}

{% macro duckdb__parsed_json(document, shape) -%}
    json_transform({{ document }}, {{ sql_text(tojson(json_structure(shape))) }})
{%- endmacro %}


{#- A shape for `parsed_json` as the schema of a column: its type `json` is the text as it is. -#}
{% macro json_schema(shape) %}
    {% if shape is mapping %}
        {% set fields = [] %}
        {% for name, kind in shape.items() %}
            {% do fields.append(name ~ ': ' ~ json_schema(kind)) %}
        {% endfor %}
        {% do return('struct<' ~ fields | join(', ') ~ '>') %}
    {% elif shape is not string %}
        {% do return('array<' ~ json_schema(shape[0]) ~ '>') %}
    {% endif %}
    {% do return('string' if shape == 'json' else shape) %}
{% endmacro %}


{#- The same with the types of DuckDB. -#}
{% macro json_structure(shape) %}
    {% if shape is mapping %}
        {% set fields = {} %}
        {% for name, kind in shape.items() %}
            {% do fields.update({name: json_structure(kind)}) %}
        {% endfor %}
        {% do return(fields) %}
    {% elif shape is not string %}
        {% do return([json_structure(shape[0])]) %}
    {% endif %}
    {% do return({'string': 'VARCHAR'}.get(shape, shape | upper)) %}
{% endmacro %}


{#- JSON texts of a group as the text of one JSON list, in the order of the texts. -#}
{% macro json_list(document) -%}
    {{ return(adapter.dispatch('json_list', 'footfall')(document)) }}
{%- endmacro %}

{% macro default__json_list(document) -%}
    '[' || array_join(array_sort(collect_list({{ document }})), ',') || ']'
{%- endmacro %}

{% macro duckdb__json_list(document) -%}
    '[' || string_agg({{ document }}, ',' order by {{ document }}) || ']'
{%- endmacro %}


{#- What a JSON value says of one schema, as a list of {schema, data}: a list, one object, or the text of either. -#}
{% macro described_entities(document, schema) -%}
    {{ return(adapter.dispatch('described_entities', 'footfall')(document, schema)) }}
{%- endmacro %}

{% macro default__described_entities(document, schema) -%}
    transform(
        from_json(
            case when {{ footfall.is_json_list(document) }} then {{ document }} else '[' || {{ document }} || ']' end,
            'array<string>'
        ),
        data -> named_struct('schema', {{ sql_text(schema) }}, 'data', data)
    )
{%- endmacro %}

{% macro duckdb__described_entities(document, schema) -%}
    {%- set value -%}
    case when json_type({{ document }}) = 'VARCHAR' then try_cast(json_extract_string({{ document }}, '$') as json)
            else {{ document }} end
    {%- endset -%}
    list_transform(
            case json_type({{ value }})
                when 'ARRAY' then json_transform({{ value }}, '["JSON"]')
                when 'OBJECT' then [{{ value }}]
            end,
            lambda entity: {'schema': {{ sql_text(schema) }}, 'data': entity}
        )
{%- endmacro %}
