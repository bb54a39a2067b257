{#- What the journey is sliced by: the name of each slice and what a session's value is. A new slice is one line here,
    its name goes into the accepted values of the marts that are sliced, and a --full-refresh brings it to past months.
    `segment` is that of int_session_segments. -#}
{% macro journey_slices(sessions='sessions') %}
    {% do return({
        'all': "cast('all' as string)",
        'channel': "coalesce(" ~ sessions ~ ".channel, 'unknown')",
        'device': "coalesce(" ~ sessions ~ ".device, 'unknown')",
        'country': "coalesce(" ~ sessions ~ ".country, 'unknown')",
        'visitor': "case when " ~ sessions ~ ".visit_number > 1 then 'returning' else 'new' end",
        'segment': sessions ~ ".segment",
    }) %}
{% endmacro %}


{#- Each row once for every slice, with the slice's name and the row's value: one aggregate then covers all slices. An
    aggregate for each would keep as many in memory at once. -#}
{% macro in_every_slice(sessions) -%}
    select
        {{ sessions }}.*,
        slices.slice_name,
        case slices.slice_name
            {% for slice_name, expression in journey_slices(sessions).items() -%}
            when '{{ slice_name }}' then {{ expression }}
            {% endfor %}
        end as slice_value
    from {{ sessions }}
    cross join (
        {% for slice_name in journey_slices() -%}
        select '{{ slice_name }}' as slice_name{% if not loop.last %}
        union all
        {% endif %}
        {%- endfor %}
    ) as slices
{%- endmacro %}
