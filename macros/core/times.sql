{#- Times are TIMESTAMPTZ and sessions run in UTC. On DuckDB the calendar functions of that type go through ICU, which
    costs 10 to 30 times what the same on whole microseconds costs; these macros say the same without it. -#}

{#- The day of a time, in UTC. -#}
{% macro utc_date(expression) -%}
    {{ return(adapter.dispatch('utc_date', 'footfall')(expression)) }}
{%- endmacro %}

{% macro default__utc_date(expression) -%}
    cast({{ expression }} as date)
{%- endmacro %}

{% macro duckdb__utc_date(expression) -%}
    (date '1970-01-01' + cast(floor(epoch_us({{ expression }}) / 86400e6) as integer))
{%- endmacro %}


{#- A moment as clocks of the shop show it (var `shop_time_zone`), written as if it were UTC: its day and hour are the
    shop's. An hour that the clocks go back over comes twice. -#}
{% macro shop_clock(moment) -%}
    {%- if var('shop_time_zone') == 'UTC' -%}
    {{ moment }}
    {%- else -%}
    {{ local_clock(moment, var('shop_time_zone')) }}
    {%- endif -%}
{%- endmacro %}


{#- A moment as clocks of a time zone show it, written as if it were UTC. -#}
{% macro local_clock(moment, zone) -%}
    {{ return(adapter.dispatch('local_clock', 'footfall')(moment, zone)) }}
{%- endmacro %}

{% macro default__local_clock(moment, zone) -%}
    {{ moment_of_microseconds(microseconds_of('(' ~ moment ~ ') at time zone ' ~ sql_text(zone))) }}
{%- endmacro %}

{% macro spark__local_clock(moment, zone) -%}
    from_utc_timestamp({{ moment }}, {{ sql_text(zone) }})
{%- endmacro %}


{#- The day of a moment in the shop. Events have it in a column, `shop_day`, and what is made of them reads that: this is
    for moments that are no event's. -#}
{% macro shop_day_of(moment) -%}
    {{ utc_date(shop_clock(moment)) }}
{%- endmacro %}


{#- The moment at which a day begins in the shop. Where clocks skip midnight it is the first moment after it. -#}
{% macro shop_day_start(day) -%}
    {%- if var('shop_time_zone') == 'UTC' -%}
    {{ utc_moment('cast(' ~ day ~ ' as timestamp)') }}
    {%- else -%}
    {{ local_moment('cast(' ~ day ~ ' as timestamp)', var('shop_time_zone')) }}
    {%- endif -%}
{%- endmacro %}


{#- The moment at which clocks of a time zone show a time. -#}
{% macro local_moment(local_time, zone) -%}
    {{ return(adapter.dispatch('local_moment', 'footfall')(local_time, zone)) }}
{%- endmacro %}

{% macro default__local_moment(local_time, zone) -%}
    {{ local_time }} at time zone {{ sql_text(zone) }}
{%- endmacro %}

{% macro spark__local_moment(local_time, zone) -%}
    to_utc_timestamp({{ local_time }}, {{ sql_text(zone) }})
{%- endmacro %}


{#- The moment at which clocks of a time zone show what a UTC clock shows at another moment. -#}
{% macro moment_on_clocks(written, zone) -%}
    {{ return(adapter.dispatch('moment_on_clocks', 'footfall')(written, zone)) }}
{%- endmacro %}

{% macro default__moment_on_clocks(written, zone) -%}
    (({{ written }}) at time zone 'UTC' at time zone {{ sql_text(zone) }})
{%- endmacro %}

{% macro spark__moment_on_clocks(written, zone) -%}
    to_utc_timestamp({{ written }}, {{ sql_text(zone) }})
{%- endmacro %}


{#- A moment that is so many minutes from another one. -#}
{% macro minutes_from(moment, minutes) -%}
    {{ moment_of_microseconds(microseconds_of(moment) ~ ' + ' ~ minutes * 60000000) }}
{%- endmacro %}


{#- By how many minutes clocks are put back and forward: an hour nearly everywhere, half of one on Lord Howe Island, two at
    a station in Antarctica. -#}
{% macro changes_of_clocks() %}
    {% do return([60, 30, 120]) %}
{% endmacro %}


{#- Whether clocks of the shop change within two hours of a moment: seldom, and telling costs little. -#}
{% macro clocks_change_near(moment) -%}
    {%- set zone = var('shop_time_zone') -%}
    {{ microseconds_of(local_clock(minutes_from(moment, 120), zone)) }}
        - {{ microseconds_of(local_clock(minutes_from(moment, -120), zone)) }} <> {{ 240 * 60000000 }}
{%- endmacro %}


{#- The moment that is meant where clocks of the shop showed a time; `written` is the moment at which a UTC clock shows it.
    As RFC 5545 has it: of an hour that comes twice the first is meant, and an hour that is skipped is read with the offset
    from before. -#}
{% macro moment_of_shop_clock(written) -%}
    {%- set zone = var('shop_time_zone') -%}
    {%- set found = moment_on_clocks(written, zone) -%}
    case
        when not ({{ clocks_change_near(found) }}) then {{ found }}
        {%- for minutes in changes_of_clocks() %}
        when {{ local_clock(minutes_from(found, -minutes), zone) }} = {{ written }}
            then {{ minutes_from(found, -minutes) }}
        {%- endfor %}
        when {{ local_clock(found, zone) }} < {{ written }}
            then {{ moment_of_microseconds(
                microseconds_of(found) ~ ' + ' ~ microseconds_of(written) ~ ' - '
                ~ microseconds_of(local_clock(found, zone))
            ) }}
        else {{ found }}
    end
{%- endmacro %}


{#- Whether clocks of the shop showed a time more often than once (`twice`), or never; `written` is the moment at which a UTC
    clock shows it. -#}
{% macro clocks_showed(how_often, written) -%}
    {%- set zone = var('shop_time_zone') -%}
    {%- set found = moment_on_clocks(written, zone) -%}
    case
        when not ({{ clocks_change_near(found) }}) then false
        {%- if how_often == 'twice' %}
        else
            {%- for minutes in changes_of_clocks() %}
            {{ local_clock(minutes_from(found, minutes), zone) }} = {{ written }}
            or {{ local_clock(minutes_from(found, -minutes), zone) }} = {{ written }}
            {{- ' or' if not loop.last }}
            {%- endfor %}
        {%- else %}
        else {{ local_clock(found, zone) }} <> {{ written }}
        {%- endif %}
    end
{%- endmacro %}


{#- The first day of the month of a moment in the shop, where no column has its day. -#}
{% macro shop_month_of(moment) -%}
    {{ month_start(shop_day_of(moment)) }}
{%- endmacro %}


{#- Whole days from one day to a later one. -#}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'footfall')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') }}
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}


{#- Seconds from one time to a later one, with fractions. -#}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'footfall')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    extract(epoch from {{ later }} - {{ earlier }})
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    ((unix_micros({{ later }}) - unix_micros({{ earlier }})) / 1e6)
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    ((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1e6)
{%- endmacro %}


{#- A time as whole microseconds since 1970. -#}
{% macro microseconds_of(expression) -%}
    {{ return(adapter.dispatch('microseconds_of', 'footfall')(expression)) }}
{%- endmacro %}

{% macro default__microseconds_of(expression) -%}
    epoch_us({{ expression }})
{%- endmacro %}

{% macro spark__microseconds_of(expression) -%}
    unix_micros({{ expression }})
{%- endmacro %}


{#- The type of a moment, whatever time zone it is shown in. -#}
{% macro moment_type() -%}
    {{ return(adapter.dispatch('moment_type', 'footfall')()) }}
{%- endmacro %}

{% macro default__moment_type() -%}
    timestamptz
{%- endmacro %}

{% macro spark__moment_type() -%}
    timestamp
{%- endmacro %}


{#- The first day of the month of a day. -#}
{% macro month_start(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}


{#- Calendar months from one day to a later one: 1 from any day of January to any day of February. -#}
{% macro months_between(earlier, later) -%}
    (12 * (extract(year from {{ later }}) - extract(year from {{ earlier }}))
        + extract(month from {{ later }}) - extract(month from {{ earlier }}))
{%- endmacro %}


{#- A moment that is written out, with its offset from UTC. -#}
{% macro moment(text) -%}
    {{ return(adapter.dispatch('moment', 'footfall')(text)) }}
{%- endmacro %}

{% macro default__moment(text) -%}
    timestamptz {{ sql_text(text) }}
{%- endmacro %}

{% macro spark__moment(text) -%}
    timestamp {{ sql_text(text) }}
{%- endmacro %}


{#- A day that is written out. -#}
{% macro day(text) -%}
    date {{ sql_text(text) }}
{%- endmacro %}


{#- Days that are written out, as a list. -#}
{% macro days(texts) %}
    {% set found = [] %}
    {% for text in texts %}
        {% do found.append(day(text)) %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- The moment that is so many microseconds after 1970. -#}
{% macro moment_of_microseconds(number) -%}
    {{ return(adapter.dispatch('moment_of_microseconds', 'footfall')(number)) }}
{%- endmacro %}

{% macro default__moment_of_microseconds(number) -%}
    make_timestamptz({{ number }})
{%- endmacro %}

{% macro spark__moment_of_microseconds(number) -%}
    timestamp_micros({{ number }})
{%- endmacro %}


{#- The moment of a time without a zone, which is taken as UTC. -#}
{% macro utc_moment(expression) -%}
    {{ return(adapter.dispatch('utc_moment', 'footfall')(expression)) }}
{%- endmacro %}

{% macro default__utc_moment(expression) -%}
    {{ expression }} at time zone 'UTC'
{%- endmacro %}

{% macro spark__utc_moment(expression) -%}
    cast({{ expression }} as timestamp)
{%- endmacro %}


{#- A time without a zone, written in one of several formats (strptime); empty where none fits. -#}
{% macro written_time(text, formats) -%}
    {{ return(adapter.dispatch('written_time', 'footfall')(text, formats)) }}
{%- endmacro %}

{% macro duckdb__written_time(text, formats) -%}
    try_strptime({{ text }}, {{ list_of(quoted_texts(formats)) }})
{%- endmacro %}


