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
