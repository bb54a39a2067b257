{#- CTEs that count the letters of a text by script: `letter_count`, and of them `chinese_count`, `latin_count` and
    `kana_count`. The last one is called `counted_letters`. Each step reads what the one before has left. -#}
{% macro letter_ctes(source_cte, text) -%}
letters as (

    select
        *,
        {{ without_all(text, '[^\\p{L}]+') }} as letters_text
    from {{ source_cte }}

),

counted_letters as (

    select
        *,
        length(letters_text) as letter_count,
        {% for script, characters in characters_of_scripts().items() -%}
        length({{ without_all('letters_text', '[^' ~ characters ~ ']+') }})
            as {{ script }}_count{{ ',' if not loop.last }}
        {% endfor %}
    from letters

)
{%- endmacro %}


{#- The letters of each script that decides about a language, as the inside of a class of a regular expression. -#}
{% macro characters_of_scripts() %}
    {% do return({
        'chinese': '\\x{4e00}-\\x{9fff}\\x{3400}-\\x{4dbf}',
        'latin': '\\x{0041}-\\x{024f}',
        'kana': '\\x{3040}-\\x{30ff}'
    }) %}
{% endmacro %}


{#- The language of a text by the scripts of its letters: zh, en or other. Chinese texts hold Latin brands, so that
    three letters in ten suffice; Latin letters count as English, as the script does not show which language it is. -#}
{% macro language_by_letters() -%}
    case
        when letter_count = 0 or kana_count > 0 then 'other'
        when chinese_count >= 0.3e0 * letter_count then 'zh'
        when latin_count >= 0.5e0 * letter_count then 'en'
        else 'other'
    end
{%- endmacro %}
