{#- Generates the simulated shop when it is a source of the run; costs nothing when it is there already. -#}
{% macro load_storefront() %}
    {% if execute and flags.WHICH in ['build', 'run'] and source_is_enabled('storefront') %}
        {% set until = var('storefront_until') %}
        {% do run_query(
            'select footfall_generate_storefront(' ~ var('storefront_seed') ~ ', ' ~ var('storefront_customers') ~ ', '
            ~ (sql_text(until) if until else 'null') ~ ')'
        ) %}
    {% endif %}
{% endmacro %}


{#- A killed run can leave dbt's half-built tables behind, and copies of text files may be no longer read; nothing else
    clears them. -#}
{% macro drop_leftovers() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% set leftovers %}
            select table_schema, table_name, table_type
            from information_schema.tables
            where table_catalog = {{ sql_text(target.database) }}
                and (table_name like '%!_!_dbt!_tmp%' escape '!' or table_name like '%!_!_dbt!_backup%' escape '!')
        {% endset %}
        {% set copies = ask_program('clear_inputs', {}) %}
        {% if copies %}
            {% do log(
                'Removed ' ~ copies | length ~ ' copies of text files that are no longer read: ' ~ copies | join(', '), info=true
            ) %}
        {% endif %}
        {% for row in run_query(leftovers) %}
            {% do run_query(
                'drop ' ~ ('view' if row[2] == 'VIEW' else 'table') ~ ' if exists ' ~ sql_name(row[0]) ~ '.' ~ sql_name(row[1])
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
