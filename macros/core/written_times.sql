{#- A moment that is written as a text, or null. `format` says which of day, month and year is first where a date has
    them in another order than ISO 8601 (day_first, month_first, year_first), or is a pattern of strptime; otherwise
    such a date is no time. Read are ISO 8601, RFC 2822 and 3339, the ways in which English names of months are written, and
    counts since 1970. Without an offset a time is UTC. -#}
{% macro time_in_text(text, format) -%}
    {%- if '%' in format -%}
    {{ written_time(text, [format]) if '%z' in format else utc_moment(written_time(text, [format])) }}
    {%- else -%}
    {{ moment_in_text(year_first(text, format)) }}
    {%- endif -%}
{%- endmacro %}


{#- A moment that is written with its year first, or with the English name of its month, or as a count since 1970, or
    null. Letters after the time are read where they have one meaning: UTC, GMT, those that the shop's own zone writes
    (var `shop_time_zone`), and the zones of North America as RFC 2822 has them. Databases read others, such as BST and
    CET, by rules of their own, which are hours off for half of the year. The usual ways cost little; what is rarely
    written so is rewritten first. -#}
{% macro moment_in_text(text) -%}
    coalesce(
        case
            when {{ text }} like '____-%' and {{ text }} > '0001-01-02' and {{ text }} < '9999-12-31'
                and {{ text }} not like '%)' and {{ matches(text, '^[0-9]{4}') }}
                and (
                    not {{ matches(text, '(^|[^/A-Za-z_])[A-Za-z]{3,5}$') }}
                    or {{ matches(text, '(?i)[^a-z](UTC|GMT)$') }}
                )
                then coalesce(
                    try_cast({{ text }} as {{ moment_type() }}),
                    try_cast(replace(replace({{ text }}, ' +', '+'), ' -', '-') as {{ moment_type() }})
                )
            when {{ matches(text, '^[0-9]{9,13}$|^[0-9]{15,19}$') }}
                then {{ epoch_value('try_cast(' ~ text ~ ' as bigint)') }}
            when {{ matches(text, '^[0-9]{9,19}[.,][0-9]*$|^[0-9]([.][0-9]*)?[eE][+]?[0-9]{1,2}$') }}
                then {{ epoch_value("try_cast(replace(" ~ text ~ ", ',', '.') as double)") }}
        end,
        case
            when {{ text }} not like '0000%' and {{ text }} not like '0001%' and {{ text }} not like '9999%'
                and {{ text }} not like '%(BC)%'
                and {{ matches('lower(' ~ text ~ ')', odd_times().whole) }}
                then {{ moment_in_odd_text('lower(' ~ text ~ ')') }}
        end
    )
{%- endmacro %}


{#- Whether a written moment has no offset: it has neither digits nor letters of one, and is no count since 1970. -#}
{% macro lacks_offset(text, format='') -%}
    {%- set letters = (['z', 'utc', 'gmt', 'ut'] + zone_letters().keys() | list) | join('|') -%}
    {%- if '%' in format -%}
    {{ 'false' if '%z' in format else 'true' }}
    {%- else -%}
    not {{ matches(
        'lower(' ~ text ~ ')',
        '^[0-9]{9,13}$|^[0-9]{15,19}$|^[0-9]{9,19}[.,][0-9]*$|^[0-9]([.][0-9]*)?e[+]?[0-9]{1,2}$'
        ~ '|' ~ odd_times().offset ~ '|[^a-z](?:' ~ letters ~ ')$|[a-z]/[a-z_/+-]+$'
    ) }}
    {%- endif -%}
{%- endmacro %}


{#- One of the less usual ways to write a moment, taken apart by expressions that lie side by side: steps within steps
    would be nested too deep for some readers of SQL. -#}
{% macro moment_in_odd_text(text) -%}
    {%- set written = date_part_of(text) ~ " || ' ' || " ~ clock_part_of(text) ~ ' || ' ~ zone_part_of(text) -%}
    {{ dbt.dateadd('hour', hours_after_noon(text), 'try_cast(' ~ written ~ ' as ' ~ moment_type() ~ ')') }}
{%- endmacro %}


{#- The hours that AM and PM add to a time of day: 12 am is midnight. -#}
{% macro hours_after_noon(text) -%}
    case
        when {{ matches(text, '[^0-9]12:[0-9:]+' ~ odd_times().blank ~ '?am$') }} then -12
        when {{ matches(text, '[^0-9](0?[1-9]|1[01]):[0-9:]+' ~ odd_times().blank ~ '?pm$') }} then 12
        else 0
    end
{%- endmacro %}


{#- Regular expressions of written moments in lower case, by name. Some tools write a blank that breaks no line before
    the mark of noon. -#}
{% macro odd_times() %}
    {% set blank = '[ \u00a0\u202f]' %}
    {% set weekday = '(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.]?,? +)?' %}
    {% set dates = {
        'iso': '[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}',
        'compact': '(?:19|20)[0-9]{6}',
        'day_month': '([0-9]{1,2})[ -]([a-z]{3})[a-z]*[.]?[ ,-]+([0-9]{4})',
        'day_month_of_century': '([0-9]{1,2})[ -]([a-z]{3})[a-z]*[.]?[ -]((?:[0-5][0-9]|6[0-8]))',
        'month_day': '([a-z]{3})[a-z]*[.]? +([0-9]{1,2})(?:st|nd|rd|th)?,? +([0-9]{4})',
        'unix': '([a-z]{3}) +([0-9]{1,2}) [0-9:.]+ ([0-9]{4})'
    } %}
    {% set clock = '(?:[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?|[0-9]{4}(?:[0-9]{2}(?:[.][0-9]+)?)?)' %}
    {% set letters = (['utc', 'gmt', 'ut', 'z'] + zone_letters().keys() | list) | join('|') %}
    {% set offset = '(?:utc|gmt|ut)?[+-][0-9]{2}(?::?[0-9]{2})?' %}
    {% set remark = '(?: ?[[][a-z_/+-]+[]]| ?[(][^)]*[)])?' %}
    {% set compact_clock = '^(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[t ]|(?:19|20)[0-9]{6}[t ]?)([0-9]{2})' %}
    {% do return({
        'whole': '^' ~ weekday ~ '(?:' ~ dates.values() | join('|') ~ ')(?:(?:t|,? at |[ ,]+)?' ~ clock ~ '(?:' ~ blank
            ~ '?[ap]m| ?' ~ offset ~ remark ~ ')?)?(?: ?(?:' ~ letters ~ ')' ~ remark ~ ')?$',
        'blank': blank,
        'iso': '^' ~ dates.iso,
        'compact': '^' ~ dates.compact,
        'day_month': '^' ~ weekday ~ dates.day_month ~ '.*$',
        'day_month_of_century': '^' ~ weekday ~ dates.day_month_of_century ~ '(?:[^0-9].*)?$',
        'month_day': '^' ~ weekday ~ dates.month_day ~ '.*$',
        'unix': '^' ~ weekday ~ dates.unix ~ '.*$',
        'six_digits': compact_clock ~ '([0-9]{2})([0-9]{2}(?:[.][0-9]+)?)(?:[^0-9].*)?$',
        'four_digits': compact_clock ~ '([0-9]{2})(?:[^0-9].*)?$',
        'offset': '^.*(?::[0-9]{2}|t[0-9]{2,6}|[0-9]{8} ?[0-9]{4,6})(?:[.,][0-9]+)? ?(?:utc|gmt|ut)?'
            ~ '([+-][0-9]{2}(?::?[0-9]{2})?)' ~ remark ~ '$'
    }) %}
{% endmacro %}


{#- The date of a written moment as ISO 8601. -#}
{% macro date_part_of(text) -%}
    {%- set forms = odd_times() -%}
    {#- Two digits of a year come first: 01-apr-21, left as it is by the others, could pass for a day of the year 1. -#}
    {%- set named = [
        [forms.day_month_of_century, '20' ~ group_no(3) ~ '-' ~ group_no(2) ~ '-' ~ group_no(1)],
        [forms.day_month, group_no(3) ~ '-' ~ group_no(2) ~ '-' ~ group_no(1)],
        [forms.month_day, group_no(3) ~ '-' ~ group_no(1) ~ '-' ~ group_no(2)],
        [forms.unix, group_no(3) ~ '-' ~ group_no(1) ~ '-' ~ group_no(2)]
    ] -%}
    coalesce(
        replace(replace(nullif({{ match_in(text, forms.iso) }}, ''), '/', '-'), '.', '-'),
        nullif({{ rewritten(
            match_in(text, forms.compact), '^(....)(..)(..)$', group_no(1) ~ '-' ~ group_no(2) ~ '-' ~ group_no(3)
        ) }}, ''),
        cast(cast(coalesce(
            {%- for form, order in named %}
            {{ written_time(rewritten(text, form, order), ['%Y-%b-%d']) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as date) as string)
    )
{%- endmacro %}


{#- The time of day of a written moment, with colons between its numbers. -#}
{% macro clock_part_of(text) -%}
    {%- set forms = odd_times() -%}
    case
        when {{ matches(text, forms.six_digits) }}
            then {{ rewritten(text, forms.six_digits, group_no(1) ~ ':' ~ group_no(2) ~ ':' ~ group_no(3)) }}
        when {{ matches(text, forms.four_digits) }}
            then {{ rewritten(text, forms.four_digits, group_no(1) ~ ':' ~ group_no(2)) }}
        else replace(
            coalesce(nullif({{ match_in(text, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?') }}, ''), '00:00'), ',', '.'
        )
    end
{%- endmacro %}


{#- The offset of a written moment in digits; empty where it has none, or is in UTC. -#}
{% macro zone_part_of(text) -%}
    case
        when {{ matches(text, odd_times().offset) }}
            then {{ rewritten(text, odd_times().offset, group_no(1)) }}
        else
            case {{ match_in(text, '[a-z]{3,5}$') }}
                {%- for letters, offset in zone_letters().items() %}
                when '{{ letters }}' then '{{ offset }}'
                {%- endfor %}
                else ''
            end
    end
{%- endmacro %}


{#- A date that begins with its day, its month or two digits of its year, in the order of ISO 8601. Of two digits, those
    from 69 on are of the 20th century. -#}
{% macro year_first(text, format) -%}
    {%- set orders = {
        'day_first': ['([0-9]{1,2})[./-]([0-9]{1,2})[./-]', 3, 2, 1],
        'month_first': ['([0-9]{1,2})[./-]([0-9]{1,2})[./-]', 3, 1, 2],
        'year_first': ['', 1, 2, 3]
    } -%}
    {%- if format not in orders -%}
    {{ text }}
    {%- else -%}
    {%- set before, year, month, day = orders[format] -%}
    {%- set after = '[./-]([0-9]{1,2})[./-]([0-9]{1,2})' if format == 'year_first' else '' -%}
    {%- set steps = namespace(sql=text) -%}
    {%- set years = [('(?:[0-5][0-9]|6[0-8])', '20'), ('[0-9]{2}', '19')] -%}
    {%- for digits, century in ([('[0-9]{4}', '')] if before else []) + years -%}
        {%- set steps.sql = rewritten(
            steps.sql, '^' ~ before ~ '(' ~ digits ~ ')' ~ after ~ '([ T,]|$)',
            century ~ group_no(year) ~ '-' ~ group_no(month) ~ '-' ~ group_no(day) ~ group_no(4)
        ) -%}
    {%- endfor -%}
    {{ steps.sql }}
    {%- endif -%}
{%- endmacro %}


{#- Letters of time zones in lower case, each with its offset from UTC. What the shop's own zone means by them comes
    before what RFC 2822 does: CST in Shanghai is not that in Chicago. -#}
{% macro zone_letters() %}
    {% set letters = {
        'edt': '-04:00', 'est': '-05:00', 'cdt': '-05:00', 'cst': '-06:00', 'mdt': '-06:00', 'mst': '-07:00',
        'pdt': '-07:00', 'pst': '-08:00'
    } %}
    {% if execute and var('shop_time_zone') != 'UTC' %}
        {% do letters.update(ask_program('letters_of_zone', {'zone': var('shop_time_zone')})) %}
    {% endif %}
    {% do return(letters) %}
{% endmacro %}


{#- Seconds, milli-, micro- or nanoseconds since 1970 as a time. -#}
{% macro epoch_value(number) -%}
    case
                when abs({{ number }}) < 1e11 then {{ moment_of_microseconds('cast(' ~ number ~ ' * 1e6 as bigint)') }}
                when abs({{ number }}) < 1e14 then {{ moment_of_microseconds('cast(' ~ number ~ ' * 1e3 as bigint)') }}
                when abs({{ number }}) < 1e17 then {{ moment_of_microseconds('cast(' ~ number ~ ' as bigint)') }}
                when abs({{ number }}) < 9e18 then {{ moment_of_microseconds('cast(' ~ number ~ ' / 1e3 as bigint)') }}
            end
{%- endmacro %}
