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


{#- The key of an id other than a customer's or a device's, such as `event`, `order`, `session` or `review`: the first half
    of the keyed hash over source, kind and id, which is as many digits as an md5 has and as hard to undo as the whole
    (RFC 2104, section 5). Empty where there is no id. -#}
{% macro id_key(kind, raw_id, source='source') -%}
    left({{ hmac_sha256(source ~ " || ':" ~ kind ~ ":' || " ~ raw_id) }}, 32)
{%- endmacro %}


{#- The keys of the raw ids of a row that are neither a customer's nor a device's. A key costs two hashes. -#}
{% macro event_key(alias) -%}
    {{ id_key('event', alias ~ '.event_id', alias ~ '.source') }}
{%- endmacro %}

{#- The key of the event that a line came with: what is one event in the source may be several here, one a line. -#}
{% macro source_event_key(alias) -%}
    {{ id_key('event', alias ~ '.source_event_id', alias ~ '.source') }}
{%- endmacro %}

{% macro order_key(alias) -%}
    {{ id_key('order', alias ~ '.order_id', alias ~ '.source') }}
{%- endmacro %}

{% macro session_hint_key(alias) -%}
    {{ id_key('session', alias ~ '.session_hint', alias ~ '.source') }}
{%- endmacro %}

{#- The key of an id that a payment carries, of a kind of its own each: the same text is another key as a card than as a
    terminal. -#}
{% macro token_key(alias, column) -%}
    {{ id_key(token_kinds()[column], alias ~ '.' ~ column, alias ~ '.source') }}
{%- endmacro %}

{% macro review_key(alias) -%}
    {{ id_key('review', alias ~ '.review_id', alias ~ '.source') }}
{%- endmacro %}


{#- An id for a row that has none: a keyed hash of what it says, column by column, without the empty ones, so that a
    column that a later file adds changes no id of before. `columns` is a dict of names and SQL expressions; a moment is
    given as `microseconds_of`. It tells whoever sees it as little as a key, because the row holds raw ids. -#}
{% macro made_id(source_name, columns) -%}
    left({{ hmac_sha256(sql_text(source_name ~ ':row:') ~ row_as_text(columns)) }}, 32)
{%- endmacro %}


{#- Names and values that are not empty as one text, each value behind its length, so that no two rows that differ are
    written alike. -#}
{% macro row_as_text(columns) -%}
    {%- for name, value in columns.items() %}
            || coalesce(
                '{{ name }}=' || length(cast({{ value }} as string)) || ':' || cast({{ value }} as string), ''
            )
            {%- endfor %}
{%- endmacro %}
