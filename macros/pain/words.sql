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
    case when {{ number }} < 9.95 then {{ with_one_decimal(number) }} else {{ about_number(number) }} end
{%- endmacro %}


{#- An amount as one says it, and the currency where there is one. -#}
{% macro about_amount(amount) -%}
    {{ about_number(amount) }}
    {%- if var('reporting_currency') %} || ' {{ var("reporting_currency") }}'{% endif %}
{%- endmacro %}


{#- A share as whole points of a hundred. -#}
{% macro points(share) -%}
    cast(cast(round(100 * ({{ share }})) as integer) as varchar)
{%- endmacro %}


{#- Where a slice is, with a blank before it; nothing for all sessions. -#}
{% macro slice_in_words(channel, device, country, visitor, segment) -%}
    concat(
        coalesce(' on ' || {{ device }}, ''),
        coalesce(' in ' || {{ country }}, ''),
        coalesce(' from ' || {{ channel }}, ''),
        coalesce(' among ' || {{ visitor }} || ' visitors', ''),
        coalesce(' in the segment ' || {{ segment }}, '')
    )
{%- endmacro %}


{#- A number with one decimal, rounded half up. -#}
{% macro with_one_decimal(number) -%}
    cast(cast(round(cast({{ number }} as decimal(18, 4)), 1) as decimal(18, 1)) as varchar)
{%- endmacro %}
