{#- A number that is written as a text, or null. Of `format` decimal_point commas set thousands apart, of decimal_comma
    points; blanks and apostrophes do in both. A sign of a currency, or its code, may stand before or behind. A minus at
    the end and brackets around the number make it negative. -#}
{% macro number_in_text(text, format) -%}
    {%- set digits = without_all(text, '[^0-9.]') if format == 'decimal_point'
        else 'replace(' ~ without_all(text, '[^0-9,]') ~ ", ',', '.')" -%}
    case
            {%- if format == 'decimal_point' %}
            when {{ is_finite('try_cast(' ~ text ~ ' as double)') }} then try_cast({{ text }} as double)
            {%- endif %}
            when {{ matches(text, number_pattern(format)) }} and ({{ text }} like '(%') = ({{ text }} like '%)')
                then case when {{ matches(text, '^[^0-9]*[(\u2212\u2013-]|[\u2212\u2013-] ?$') }} then -1e0 else 1e0 end
                    * try_cast({{ digits }} as double)
        end
{%- endmacro %}


{#- The whole of a written number: sign, currency and digits. -#}
{% macro number_pattern(format) %}
    {% set currency = '([A-Z]{0,3}\\p{Sc}|[A-Z]{3}|kr|z\u0142|K\u010d|Ft|lei|Rs)?' %}
    {% set sign = '[+\u2212\u2013-]?' %}
    {% set blank = '[ \u00a0\u202f]?' %}
    {% do return(
        '^[(]?' ~ sign ~ blank ~ currency ~ blank ~ sign ~ blank ~ digits_pattern(format) ~ blank ~ currency ~ blank
        ~ sign ~ '[)]?$'
    ) %}
{% endmacro %}


{#- Its digits. Thousands stand apart by three digits, or as in India by two above the first three; the first group does
    not begin with 0. -#}
{% macro digits_pattern(format) %}
    {% set apart = "[ '\u2019\u00a0\u202f" ~ (',' if format == 'decimal_point' else '.') ~ ']' %}
    {% set mark = '[.]' if format == 'decimal_point' else ',' %}
    {% set whole = '([1-9][0-9]{0,2}(' ~ apart ~ '[0-9]{2,3})*' ~ apart ~ '[0-9]{3}|[0-9]+)' %}
    {% do return('(' ~ whole ~ '(' ~ mark ~ '[0-9]*)?|' ~ mark ~ '[0-9]+)') %}
{% endmacro %}
