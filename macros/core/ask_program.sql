{#- What a build decides is written in Python (src/footfall/builds), because Jinja is not made for programs. A question
    and its details go there as JSON, and so does the answer come back. What goes wrong there ends the run here. -#}
{% macro ask_program(question, details) %}
    {% set outcome = fromjson(adapter.dispatch('ask_program', 'footfall')(question, tojson(details))) %}
    {% if 'problem' in outcome %}
        {% do exceptions.raise_compiler_error(outcome.problem) %}
    {% endif %}
    {% do return(outcome.answer) %}
{% endmacro %}


{% macro default__ask_program(question, details_json) %}
    {% do exceptions.raise_compiler_error(
        "'" ~ question ~ "' is decided in Python, and the adapter of target '" ~ target.name ~ "' (" ~ target.type
        ~ ') has no way to run it: use a target whose adapter has the plugin of this project, as in profiles.yml.'
    ) %}
{% endmacro %}


{#- The details are bound, not written into the statement: dbt would write them to its log. -#}
{% macro duckdb__ask_program(question, details_json) %}
    {% set connection, cursor = adapter.add_query(
        'select footfall_ask(?, ?)', auto_begin=false, bindings=[question, details_json]
    ) %}
    {% do return(cursor.fetchall()[0][0]) %}
{% endmacro %}
