{#- A step within a path, which has ` > ` between its steps. What an event is called by the shop may hold that too: with a
    backslash before it, no two different ways look alike. -#}
{% macro path_step(name) -%}
    replace(replace({{ name }}, '\', '\\'), '>', '\>')
{%- endmacro %}


{#- An aggregate: the path of rows that are one step each. -#}
{% macro path_of_steps(step_no, step, max_steps) -%}
    concat_ws(
            ' > '
            {%- for number in range(1, max_steps + 1) %},
            any_value(case when {{ step_no }} = {{ number }} then {{ step }} end)
            {%- endfor %}
        )
{%- endmacro %}
