{#- A step within a path, which has ` > ` between its steps. What an event is called by the shop may hold that too: with a
    backslash before it, no two different ways look alike. -#}
{% macro path_step(name) -%}
    {{ return(adapter.dispatch('path_step', 'footfall')(name)) }}
{%- endmacro %}

{% macro default__path_step(name) -%}
    replace(replace({{ name }}, '\', '\\'), '>', '\>')
{%- endmacro %}

{% macro spark__path_step(name) -%}
    replace(replace({{ name }}, '\\', '\\\\'), '>', '\\>')
{%- endmacro %}


{#- The columns that hold the steps of a path, one each. -#}
{% macro step_columns(max_steps) %}
    {% set columns = [] %}
    {% for number in range(1, max_steps + 1) %}
        {% do columns.append('step_' ~ number) %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}


{#- The path through these steps; those that are empty are passed over. -#}
{% macro path_of(steps) -%}
    concat_ws(' > ', {{ steps | join(', ') }})
{%- endmacro %}


{#- The same steps with those empty that repeat the one before. -#}
{% macro without_repeats(steps) %}
    {% set kept = [steps[0]] %}
    {% for number in range(1, steps | length) %}
        {% do kept.append(
            'case when ' ~ steps[number] ~ ' <> ' ~ steps[number - 1] ~ ' then ' ~ steps[number] ~ ' end'
        ) %}
    {% endfor %}
    {% do return(kept) %}
{% endmacro %}


{#- An aggregate: the path of rows that are one step each. -#}
{% macro path_of_rows(step_no, step, max_steps) -%}
    {%- set steps = [] -%}
    {%- for number in range(1, max_steps + 1) -%}
        {%- do steps.append(only_known('case when ' ~ step_no ~ ' = ' ~ number ~ ' then ' ~ step ~ ' end')) -%}
    {%- endfor -%}
    {{ path_of(steps) }}
{%- endmacro %}


{#- The kinds of paths that are shown, with the columns of int_session_ways that hold each and its length. -#}
{% macro path_kinds() %}
    {% do return([
        {'level': 'event', 'kind': 'whole', 'path': 'whole_path', 'steps': 'event_count'},
        {'level': 'event', 'kind': 'collapsed', 'path': 'collapsed_path', 'steps': 'run_count'},
        {'level': 'stage', 'kind': 'collapsed', 'path': 'stage_path', 'steps': 'stay_count'},
    ]) %}
{% endmacro %}


{#- The columns of int_session_ways that paths are made from: both ends on each level, each path and its length. -#}
{% macro way_columns() %}
    {% set columns = [] %}
    {% for level in path_kinds() | map(attribute='level') | unique %}
        {% do columns.extend(['entry_' ~ level, 'exit_' ~ level]) %}
    {% endfor %}
    {% for kind in path_kinds() %}
        {% do columns.extend([kind.path, kind.steps]) %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}
