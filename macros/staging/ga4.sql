{#- Microseconds since 1970, as text and with an offset that is not negative, as a moment; null where they are none, or
    lie beyond the year 9999. -#}
{% macro ga4_moment(microseconds, offset=none) -%}
    {%- set number = 'try_cast(' ~ microseconds ~ ' as bigint)' -%}
    {%- set added = 'greatest(coalesce(try_cast(' ~ offset ~ ' as bigint), 0), 0)' if offset else '0' -%}
    case
            when {{ number }} between -62135596800000000 and 253402214400000000
                and {{ added }} <= 253402214400000000 - {{ number }}
                then {{ moment_of_microseconds(number ~ ' + ' ~ added) }}
        end
{%- endmacro %}


{#- The files of the export, in the parts that `input_parts` makes: those whose names say that they are of intraday tables,
    which are provisional until the daily table of their day is there, and the others. -#}
{% macro ga4_parts() %}
    {% set parts = {'daily': [], 'intraday': []} %}
    {% if execute %}
        {% for part in input_parts(source('ga4', 'events'), 'ga4_path', ['parquet', 'text', 'json']) %}
            {% set intraday = [] %}
            {% for file in part.files if 'intraday' in file.split('/')[-1] | lower %}
                {% do intraday.append(file) %}
            {% endfor %}
            {% for name, files in [('intraday', intraday), ('daily', part.files | reject('in', intraday) | list)] if files %}
                {% do parts[name].append({'event_type': part.event_type, 'kind': part.kind, 'files': files}) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% do return(parts) %}
{% endmacro %}


{#- CTEs, `input_rows` the last of them, with the rows of the export as JSON, and whether a row is of an intraday table
    though the daily table of its day is there. -#}
{% macro ga4_input_rows() -%}
{%- set parts = ga4_parts() -%}
{%- if parts.daily and parts.intraday -%}
rows_of_tables as (

    select
        row_json,
        false as is_intraday
    from ({{ rows_as_json(parts.daily) }}) as daily

    union all

    select
        row_json,
        true as is_intraday
    from ({{ rows_as_json(parts.intraday) }}) as intraday

),

told as (

    select
        row_json,
        is_intraday,
        {{ parsed_json('row_json', {'event_date': 'string', 'event_timestamp': 'string'}) }} as event
    from rows_of_tables

),

dated as (

    select
        row_json,
        is_intraday,
        coalesce(
            told.event.event_date,
            replace(cast({{ utc_date(ga4_moment('told.event.event_timestamp')) }} as string), '-', '')
        ) as event_day
    from told

),

daily_tables as (

    select distinct event_day
    from dated
    where not is_intraday

),

input_rows as (

    select
        dated.row_json,
        dated.is_intraday and daily_tables.event_day is not null as is_superseded
    from dated
    left join daily_tables on dated.event_day = daily_tables.event_day

)
{%- else -%}
input_rows as (

    select
        row_json,
        false as is_superseded
    from ({{ read_input_as_json(source('ga4', 'events'), 'ga4_path') }}) as rows_of_files

)
{%- endif -%}
{%- endmacro %}


{#- The parameters of an event as one text, in the order of their names: another export may list them in another order. -#}
{% macro ga4_params_text(params) -%}
    {{ return(adapter.dispatch('ga4_params_text', 'footfall')(params)) }}
{%- endmacro %}

{% macro default__ga4_params_text(params) -%}
    cast(list_sort({{ params }}) as string)
{%- endmacro %}

{% macro spark__ga4_params_text(params) -%}
    to_json(array_sort({{ params }}))
{%- endmacro %}


{#- The value of one event parameter of the GA4 export, of the field that holds its type. -#}
{% macro ga4_param(key, field) -%}
    {{ list_item(list_where('parsed.event.event_params', 'param', 'param.key = ' ~ sql_text(key)), '1') }}.value.{{ field }}
{%- endmacro %}


{#- The place of a GA4 event among those of one moment: by page, by batch of the page and by place in the batch, three
    numbers in one. Pages are numbered by the time in milliseconds at which they were opened: without its first digit,
    all three have room in a whole number of 64 bits. Empty where the export tells none of them. -#}
{% macro ga4_sequence_no(event) -%}
    case
            when coalesce({{ event }}.batch_page_id, {{ event }}.batch_ordering_id, {{ event }}.batch_event_index)
                is not null
                then coalesce({{ event }}.batch_page_id % 1000000000000, 0) * 1000000
                    + {{ at_most('coalesce(' ~ event ~ '.batch_ordering_id, 0)', '999') }} * 1000
                    + {{ at_most('coalesce(' ~ event ~ '.batch_event_index, 0)', '999') }}
        end
{%- endmacro %}
