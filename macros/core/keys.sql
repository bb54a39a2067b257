{#- Keyed hash (RFC 2104) of a text expression, as 64 hex digits; equal to Python's hmac.new(key, text, sha256).
    The padded keys are connection variables that the adapter plugin sets, so no SQL text holds them. -#}
{% macro hmac_sha256(expression) -%}
    {{ return(adapter.dispatch('hmac_sha256', 'footfall')(expression)) }}
{%- endmacro %}

{% macro default__hmac_sha256(expression) -%}
    sha256(
        getvariable('footfall_hmac_outer')
        || unhex(sha256(getvariable('footfall_hmac_inner') || encode({{ expression }})))
    )
{%- endmacro %}


{#- The head of a key as a 60-bit whole number, for joins and sorts inside the warehouse: a window over
    10 M rows costs half of what it costs over the 64 characters. Uniqueness is tested where keys are made. -#}
{% macro key_number(key) -%}
    {{ return(adapter.dispatch('key_number', 'footfall')(key)) }}
{%- endmacro %}

{% macro default__key_number(key) -%}
    cast('0x' || left({{ key }}, 15) as bigint)
{%- endmacro %}
