{#- Sentences for readers. Their texts are in seeds/words, a file a language; var `language` names the one to use. A model
    that holds sentences reads it as a CTE called `words`, and keeps the key of each message and its values as well. -#}

{#- The languages there are: the files of seeds/words. Jinja cannot list a folder; a test compares the two. -#}
{% macro languages() %}
    {% do return(['en']) %}
{% endmacro %}


{#- The words of the chosen language: a row a message, with slots in its text such as {stage}. An unknown one ends the run
    here, where models are parsed: dbt would only say later that a node is missing, and any other seed would be taken. -#}
{% macro words() -%}
    {%- if var('language') not in languages() -%}
        {% do exceptions.raise_compiler_error(
            "Configuration check: var 'language' is '" ~ var('language') ~ "', and seeds/words has no such file: use "
            ~ (languages() | join(' or ')) ~ ', or add a file of that name and name it in macros/words/words.sql.'
        ) %}
    {%- endif -%}
    {{ ref(var('language')) }}
{%- endmacro %}


{#- The text of one message. -#}
{% macro word(message_key) -%}
    (select words.text from words where words.message_key = '{{ message_key }}')
{%- endmacro %}


{#- The character that marks what is still a slot: no text and no value has it. -#}
{% macro slot_mark() -%}
    {{ return(adapter.dispatch('slot_mark', 'footfall')()) }}
{%- endmacro %}

{% macro default__slot_mark() -%}
    chr(1)
{%- endmacro %}


{#- A text with its slots filled. A value is never searched for slots, whatever is in it. -#}
{% macro sentence(text, slots) -%}
    {%- set mark = slot_mark() -%}
    {%- set filled = namespace(sql="replace(" ~ text ~ ", '{', " ~ mark ~ ")") -%}
    {%- for name, value in slots.items() -%}
        {%- set shown = value['text'] if value is mapping else value -%}
        {%- set filled.sql -%}
            replace({{ filled.sql }}, {{ mark }} || '{{ name }}}', coalesce({{ shown }}, ''))
        {%- endset -%}
    {%- endfor -%}
    replace({{ filled.sql }}, {{ mark }}, '{')
{%- endmacro %}


{#- Slots whose values a column holds already, as JSON text: those that Python has found. -#}
{% macro stored_slots(document, names) %}
    {% set found = {} %}
    {% for name in names %}
        {% do found.update({name: json_text(document, '$.' ~ name)}) %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- A reason of experiments and of uplift, in words. It has to know all slots of their messages; a test compares. -#}
{% macro experiment_reason(relation) -%}
    {%- set names = [
        'arm', 'checks', 'count', 'factor', 'learner', 'least', 'metric', 'metrics', 'outcomes', 'p', 'percent', 'total',
        'units'
    ] -%}
    {{ sentence('words.text', stored_slots(relation ~ '.reason_values', names)) }}
{%- endmacro %}


{#- Some of the slots, by name. -#}
{% macro some_slots(slots, names) %}
    {% set found = {} %}
    {% for name in names %}
        {% do found.update({name: slots[name]}) %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- The values of slots as JSON text: what `sentence` needs to be said again, in this language or in another. -#}
{% macro slot_values(slots) -%}
    {{ return(adapter.dispatch('slot_values', 'footfall')(slots)) }}
{%- endmacro %}

{% macro default__slot_values(slots) -%}
    to_json(named_struct(
        {%- for name, value in slots.items() %}
        '{{ name }}', {{ value['keys'] if value is mapping else value }}{{ ',' if not loop.last }}
        {%- endfor %}
    ))
{%- endmacro %}

{% macro duckdb__slot_values(slots) -%}
    cast(json_object(
        {%- for name, value in slots.items() %}
        '{{ name }}', {{ value['keys'] if value is mapping else value }}{{ ',' if not loop.last }}
        {%- endfor %}
    ) as string)
{%- endmacro %}


{#- Sentences one after the other; those that are null are left out. -#}
{% macro joined_sentences(sentences) -%}
    {%- set between = "(select replace(replace(words.text, '{before}', ''), '{after}', '') from words"
        ~ " where words.message_key = 'join.sentences')" -%}
    concat_ws({{ between }}, {{ sentences | join(', ') }})
{%- endmacro %}
