{#- The first rows of each failed test of tests/*.sql: dbt counts them only, but they name what is wrong. Generic tests
    are left out, because their rows may hold raw ids. -#}
{% macro show_failures(results) %}
    {% if not execute or flags.WHICH not in ['build', 'test'] %}
        {% do return('') %}
    {% endif %}
    {% for result in results if result.status in ['fail', 'warn'] and not result.node.test_metadata %}
        {% set failures = run_query('select * from (' ~ result.node.compiled_code ~ ') as failures limit 10') %}
        {% set lines = [] %}
        {% for row in failures %}
            {% set values = [] %}
            {% for name in failures.column_names %}
                {% do values.append(name ~ ' = ' ~ row[name]) %}
            {% endfor %}
            {% do lines.append('    ' ~ values | join(', ')) %}
        {% endfor %}
        {% do log('  ' ~ result.node.name ~ ' found:\n' ~ lines | join('\n'), info=True) %}
    {% endfor %}
{% endmacro %}
