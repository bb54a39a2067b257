{#- The first rows of each failed test of tests/*.sql: dbt counts them only, but they name what is wrong. Generic tests
    are left out, because their rows may hold raw ids. -#}
{% macro show_failures(results) %}
    {% if not execute or flags.WHICH not in ['build', 'test'] %}
        {% do return('') %}
    {% endif %}
    {% for result in results if result.status in ['fail', 'warn'] and result.node.resource_type == 'test'
        and not result.node.test_metadata %}
        {% set failures = run_query('select * from (' ~ result.node.compiled_code ~ ') as failures limit 10') %}
        {% set rows = [] %}
        {% for row in failures %}
            {% do rows.append(row.values() | map('string') | list) %}
        {% endfor %}
        {% do log(ask_program('describe_failure', {
            'test': result.node.name, 'columns': failures.column_names | list, 'rows': rows
        }), info=True) %}
    {% endfor %}
{% endmacro %}
