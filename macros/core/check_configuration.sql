{#- Stops a run that is configured so that it cannot work; src/footfall/builds/configuration.py judges, and names each var
    and the fix. -#}
{% macro check_configuration() %}
    {% if not execute or flags.WHICH not in ['build', 'run', 'test', 'seed', 'snapshot'] %}
        {% do return('') %}
    {% endif %}
    {% do ask_program('check_configuration', {
        'values': var_values(),
        'given': (invocation_args_dict.get('vars') or {}).keys() | list,
        'project_folder': invocation_args_dict.project_dir,
        'picked': enabled_sources(),
        'staged': sources_to_read(),
        'database': target.database,
        'experiments': given_experiments()
    }) %}
{% endmacro %}


{#- The vars that src/footfall/builds/variables.py and sources.yml list. -#}
{% macro known_vars() %}
    {% do return(ask_program('var_names', {})) %}
{% endmacro %}


{#- Every var of the project with its value, as YAML: JSON has no dates. Vars of sources need no default. -#}
{% macro var_values() %}
    {% set values = {} %}
    {% for name in known_vars() %}
        {% do values.update({name: var(name, none)}) %}
    {% endfor %}
    {% do return(toyaml(values)) %}
{% endmacro %}


{#- The sources whose files this run reads. One that reads no raw events needs none of them. -#}
{% macro sources_to_read() %}
    {% set staged = [] %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.unique_id in selected_resources
        and node.fqn[1] == 'staging' and flags.WHICH in ['build', 'run'] %}
        {% do staged.append(node.fqn[2]) %}
    {% endfor %}
    {% do return(staged | unique | list) %}
{% endmacro %}


{#- The files that a path or a pattern names, as a relation. -#}
{% macro files_like(pattern) %}
    {% do return(adapter.dispatch('files_like', 'footfall')(pattern)) %}
{% endmacro %}

{% macro duckdb__files_like(pattern) %}
    {% do return('glob(' ~ sql_text(pattern) ~ ')') %}
{% endmacro %}
