{#- Words for people who run a shop. -#}

{#- A whole number with commas between the thousands. -#}
{% macro with_thousands(number) -%}
    {{ return(adapter.dispatch('with_thousands', 'footfall')(number)) }}
{%- endmacro %}

{% macro default__with_thousands(number) -%}
    trim(to_char({{ number }}, '999,999,999,999'))
{%- endmacro %}

{% macro duckdb__with_thousands(number) -%}
    format('{:,}', cast({{ number }} as bigint))
{%- endmacro %}


{#- A number as one says it: three digits count. -#}
{% macro about_number(number) -%}
    {%- set digits = 'power(10, greatest(floor(log10(greatest(' ~ number ~ ', 1))) - 2, 0))' -%}
    {{ with_thousands('round(' ~ number ~ ' / ' ~ digits ~ ') * ' ~ digits) }}
{%- endmacro %}


{#- How many of something there are about; of less than ten the first decimal counts as well. -#}
{% macro about_count(number) -%}
    case when {{ number }} < 9.95e0 then {{ with_one_decimal(number) }} else {{ about_number(number) }} end
{%- endmacro %}


{#- An amount as one says it, and the currency where there is one. -#}
{% macro about_amount(amount) -%}
    {{ about_number(amount) }}
    {%- if var('reporting_currency') %} || {{ sql_text(' ' ~ var('reporting_currency')) }}{% endif %}
{%- endmacro %}


{#- A share as whole points of a hundred. -#}
{% macro points(share) -%}
    cast(cast(round(100 * ({{ share }})) as integer) as string)
{%- endmacro %}


{#- The messages that say where a slice is, one after the other; an empty text for all sessions. -#}
{% macro place_keys(slice) -%}
    concat_ws(
        ' '
        {%- for part in slice_parts() %},
        case when {{ slice }}.{{ part }} is not null then 'place.{{ part }}' end
        {%- endfor %}
    )
{%- endmacro %}


{#- Where a slice is, in words; an empty text for all sessions. -#}
{% macro place_in_words() -%}
    concat_ws(
        ''
        {%- for part in slice_parts() %},
        case when {{ part }} is not null then {{ sentence(word('place.' ~ part), {part: part}) }} end
        {%- endfor %}
    )
{%- endmacro %}


{% macro slice_parts() %}
    {% do return(['device', 'country', 'channel', 'visitor', 'segment']) %}
{% endmacro %}


{#- A number with one decimal, rounded half up. -#}
{% macro with_one_decimal(number) -%}
    cast(cast(round(cast({{ number }} as decimal(18, 4)), 1) as decimal(18, 1)) as string)
{%- endmacro %}
