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
