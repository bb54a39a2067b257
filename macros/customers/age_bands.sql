{#- The ages that a band runs from; the last band is open. They are the usual ones of market research. -#}
{% macro age_band_starts() %}
    {% do return([18, 25, 35, 45, 55, 65]) %}
{% endmacro %}


{#- The band that somebody's age of a year lies in. Of the birthday only the year is known, so the age is the one that is
    reached by the end of the year. -#}
{% macro age_band(birth_year, day) -%}
    {%- set age = '(extract(year from ' ~ day ~ ') - ' ~ birth_year ~ ')' %}
    {%- set starts = age_band_starts() %}
    case
        when {{ age }} < 0 then null
        when {{ age }} < {{ starts | first }} then 'under {{ starts | first }}'
        {%- for start in starts[:-1] %}
        when {{ age }} < {{ starts[loop.index] }} then '{{ start }} to {{ starts[loop.index] - 1 }}'
        {%- endfor %}
        when {{ age }} >= {{ starts | last }} then '{{ starts | last }} or over'
    end
{%- endmacro %}
