{#- What the journey is sliced by: the name of each slice and what a session's value is. A new slice is one line here,
    and its name goes into the accepted values of the marts that are sliced. `segment` is that of int_session_segments. -#}
{% macro journey_slices(sessions='sessions') %}
    {% do return({
        'all': "cast('all' as varchar)",
        'channel': "coalesce(" ~ sessions ~ ".channel, 'unknown')",
        'device': "coalesce(" ~ sessions ~ ".device, 'unknown')",
        'country': "coalesce(" ~ sessions ~ ".country, 'unknown')",
        'visitor': "case when " ~ sessions ~ ".visit_number > 1 then 'returning' else 'new' end",
        'segment': sessions ~ ".segment",
    }) %}
{% endmacro %}
