{#- CTEs that follow a visitor through steps in their order: the first step at its earliest, and each next one at its
    earliest after the one before. What happens between does not matter. `<prefix>_taken`, the last of them, has a row
    for each step that was taken, with its number (a step may be there twice), the session and the time of it and of
    the first. -#}
{% macro ordered_steps(prefix, acts, steps, who, carried=[], limit_seconds=none) -%}
    {% for step in steps -%}
{{ prefix }}_{{ loop.index }} as (

    select
        {{ prefixed('acts', who) | join(', ') }},
        {%- if loop.first %}
        {% for column in carried %}acts.{{ column }}, {% endfor %}
        min(acts.session_started_at) as first_session_started_at,
        min(acts.happened_at) as first_at,
        {%- else %}
        {% for column in carried %}earlier.{{ column }}, {% endfor %}
        min(earlier.first_session_started_at) as first_session_started_at,
        min(earlier.first_at) as first_at,
        {%- endif %}
        min(acts.place) as place,
        min(acts.session_started_at) as reached_session_started_at,
        min(acts.happened_at) as reached_at
    from {{ acts }} as acts
    {%- if not loop.first %}
    inner join {{ prefix }}_{{ loop.index0 }} as earlier
        on acts.place > earlier.place
        {%- for column in who %}
        and acts.{{ column }} = earlier.{{ column }}
        {%- endfor %}
        {%- if limit_seconds %}
        and {{ seconds_between('earlier.first_at', 'acts.happened_at') }} <= {{ limit_seconds }}
        {%- endif %}
    {%- endif %}
    where acts.step = {{ sql_text(step) }}
    group by {{ (prefixed('acts', who) + prefixed('acts' if loop.first else 'earlier', carried)) | join(', ') }}

),

{% endfor -%}
{{ prefix }}_taken as (
    {% for step in steps %}
    select
        *,
        {{ loop.index }} as step_no,
        {{ sql_text(step) }} as step
    from {{ prefix }}_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
{%- endmacro %}
