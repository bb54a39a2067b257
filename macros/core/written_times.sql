{#- A moment that is written as a text, or null. `format` says which of day, month and year is first where a date has them
    in another order than ISO 8601 (day_first, month_first, year_first), or is a pattern of strptime; otherwise such a
    date is no time. Read are ISO 8601, RFC 2822 and 3339, the ways in which English names of months are written, and
    counts since 1970. Without an offset a time is UTC. -#}
{% macro time_in_text(text, format) -%}
    {%- if '%' in format -%}
    {{ written_time(text, [format]) if '%z' in format else utc_moment(written_time(text, [format])) }}
    {%- else -%}
    {{ moment_in_text(year_first(text, format)) }}
    {%- endif -%}
{%- endmacro %}


{#- A moment that is written with its year first, or with the English name of its month, or as a count since 1970, or
    null. Letters after the time are read where they have one meaning: UTC, GMT, and the zones of North America as RFC
    2822 has them. Databases read others, such as BST and CET, by rules of their own, which are hours off for half of the
    year. The usual ways cost little; what is rarely written so is rewritten first. -#}
{% macro moment_in_text(text) -%}
    case
            when {{ text }} like '____-%' and {{ text }} > '0001-01-02' and {{ text }} < '9999-12-31'
                and {{ text }} not like '%)' and {{ matches(text, '^[0-9]{4}') }}
                and (
                    not {{ matches(text, '(^|[^/A-Za-z_])[A-Za-z]{3,5}$') }}
                    or {{ matches(text, '(?i)[^a-z](UTC|GMT)$') }}
                )
                then coalesce(
                    try_cast({{ text }} as {{ moment_type() }}),
                    try_cast(replace(replace({{ text }}, ' +', '+'), ' -', '-') as {{ moment_type() }}),
                    {{ moment_in_odd_text(text) }}
                )
            when {{ matches(text, '^[0-9]{9,13}$|^[0-9]{15,19}$') }}
                then {{ epoch_value('try_cast(' ~ text ~ ' as bigint)') }}
            when {{ matches(text, '^[0-9]{9,19}[.,][0-9]*$|^[0-9]([.][0-9]*)?[eE][+]?[0-9]{1,2}$') }}
                then {{ epoch_value("try_cast(replace(" ~ text ~ ", ',', '.') as double)") }}
            when {{ matches(text, '^[A-Za-z]{3}|^[0-9]{1,2}[ -][A-Za-z]{3}|^[0-9]{4}[./-]|^(19|20)[0-9]{6}') }}
                and not {{ matches(text, '^(0000|0001|9999)|[(]BC[)]') }}
                then {{ moment_in_odd_text(text) }}
        end
{%- endmacro %}

{% macro moment_in_odd_text(text) -%}
    {%- set rewritten = iso_text(text) -%}
    coalesce(
        try_cast({{ match_in(rewritten, '^[0-9-]{8,10}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([+-][0-9:]{2,6})?)?$') }}
            as {{ moment_type() }}),
        {{ utc_moment(written_time(
            match_in(rewritten, '^[0-9-]{8,10} [0-9:]{4,8} [ap]m$'), ['%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M %p']
        )) }}
    )
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
    {%- for digits, century in [('[0-9]{4}', ''), ('(?:[0-5][0-9]|6[0-8])', '20'), ('[0-9]{2}', '19')] if digits != '[0-9]{4}' or before -%}
        {%- set steps.sql = rewritten(
            steps.sql, '^' ~ before ~ '(' ~ digits ~ ')' ~ after ~ '([ T,]|$)',
            century ~ group_no(year) ~ '-' ~ group_no(month) ~ '-' ~ group_no(day) ~ group_no(4)
        ) -%}
    {%- endfor -%}
    {{ steps.sql }}
    {%- endif -%}
{%- endmacro %}


{#- A moment in one of the less usual ways to write it, rewritten step by step as ISO 8601 in lower case, with a blank
    before the time and an offset in digits. -#}
{% macro iso_text(text) -%}
    {%- set date = '^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})' -%}
    {%- set steps = [
        ['( ?[[][a-z_/+-]+[]]| ?[(][^)]*[)])$', ''],
        ['^(mon|tue|wed|thu|fri|sat|sun)[a-z]*[.]?,? ', ''],
        ['^([0-9]{1,2})[ -]([a-z]{3})[a-z]*[.]?[ ,-]+([0-9]{4})', group_no(3) ~ '-' ~ group_no(2) ~ '-' ~ group_no(1)],
        ['^([0-9]{1,2})[ -]([a-z]{3})[a-z]*[.]?[ -]((?:[0-5][0-9]|6[0-8]))( |$)',
            '20' ~ group_no(3) ~ '-' ~ group_no(2) ~ '-' ~ group_no(1) ~ group_no(4)],
        ['^([a-z]{3})[a-z]*[.]? ([0-9]{1,2})(st|nd|rd|th)?,? ([0-9]{4})',
            group_no(4) ~ '-' ~ group_no(1) ~ '-' ~ group_no(2)],
        ['^([a-z]{3}) ([0-9]{1,2}) ([0-9:.]+) ([0-9]{4})$',
            group_no(4) ~ '-' ~ group_no(1) ~ '-' ~ group_no(2) ~ ' ' ~ group_no(3)],
        'months',
        ['^([0-9]{4})[./]([0-9]{1,2})[./]([0-9]{1,2})', group_no(1) ~ '-' ~ group_no(2) ~ '-' ~ group_no(3)],
        ['^((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})', group_no(1) ~ '-' ~ group_no(2) ~ '-' ~ group_no(3) ~ ' '],
        [date ~ '(?:[t, ]|at )+', group_no(1) ~ ' '],
        [date ~ ' ([0-9]{2})([0-9]{2})([0-9]{2})', group_no(1) ~ ' ' ~ group_no(2) ~ ':' ~ group_no(3) ~ ':' ~ group_no(4)],
        [date ~ ' ([0-9]{2})([0-9]{2})([^0-9:]|$)', group_no(1) ~ ' ' ~ group_no(2) ~ ':' ~ group_no(3) ~ group_no(4)],
        [date ~ ' ([0-9]{2})([^0-9:]|$)', group_no(1) ~ ' ' ~ group_no(2) ~ ':00' ~ group_no(3)],
        [':([0-9]{2}),([0-9]+)', ':' ~ group_no(1) ~ '.' ~ group_no(2)],
        ['([0-9]) ?([ap])[.]?m[.]?$', group_no(1) ~ ' ' ~ group_no(2) ~ 'm'],
        [' ?(utc|gmt|ut)?([+-][0-9:]+)$', group_no(2)],
        [' ?(utc|gmt|ut|z)$', '+00:00']
    ] -%}
    {%- for letters, offset in zone_letters().items() -%}
        {%- do steps.append(['([0-9]) ' ~ letters ~ '$', group_no(1) ~ offset]) -%}
    {%- endfor -%}
    {%- do steps.append([date ~ ' ?([+-])', group_no(1) ~ ' 00:00' ~ group_no(2)]) -%}
    {%- do steps.append([' $', '']) -%}
    {#- Some tools write a blank that breaks no line before the mark of noon. -#}
    {%- set written = namespace(sql="replace(replace(replace(lower(" ~ text ~ "), '\u00a0', ' '), '\u202f', ' '), '  ', ' ')") -%}
    {%- for step in steps -%}
        {%- if step == 'months' -%}
            {%- for month in ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] -%}
                {%- set written.sql = 'replace(' ~ written.sql ~ ", '-" ~ month ~ "-', '-" ~ '%02d' | format(loop.index) ~ "-')" -%}
            {%- endfor -%}
        {%- else -%}
            {%- set written.sql = rewritten(written.sql, step[0], step[1]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ written.sql }}
{%- endmacro %}


{#- Letters of time zones in lower case, each with its offset from UTC. -#}
{% macro zone_letters() %}
    {% do return({
        'est': '-05:00', 'edt': '-04:00', 'cst': '-06:00', 'cdt': '-05:00', 'mst': '-07:00', 'mdt': '-06:00',
        'pst': '-08:00', 'pdt': '-07:00'
    }) %}
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
