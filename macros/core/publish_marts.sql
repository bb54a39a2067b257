{#- Publishes the marts after a whole build that succeeded, or says why not, and tells where to read them. What goes
    wrong fails the build: the hook's own statement then raises. -#}
{% macro publish_marts(results) %}
    {% if not execute %}
        {% do return('') %}
    {% endif %}
    {% set why_not = reason_not_to_publish(results) %}
    {% set request = {
        'run_id': invocation_id, 'project': invocation_args_dict.project_dir, 'why_not': why_not,
        'marts': public_marts() if why_not is none else []
    } %}
    {% set outcome = fromjson(query_value('select footfall_publish(' ~ sql_text(tojson(request)) ~ ')')) %}
    {% set lines = outcome.lines %}
    {% set docs = make_docs() if flags.WHICH == 'build' else none %}
    {% if docs is not none %}
        {% do lines.append('The docs: ' ~ docs ~ ', then open target/docs/index.html') %}
    {% endif %}
    {% do log('  ' ~ lines | join('\n  ') ~ '\n', info=True) %}
    {% if outcome.problem is not none %}
        {% do return('select error(' ~ sql_text(outcome.problem) ~ ')') %}
    {% endif %}
{% endmacro %}


{#- The command that writes the docs of this warehouse. None where make has no words for what the run read: several
    sources, or a relation in place of a file. -#}
{% macro make_docs() %}
    {% set variables = {} %}
    {% for name in ask_program('source_vars', {}) %}
        {% do variables.update({name: var(name, none)}) %}
    {% endfor %}
    {% do return(ask_program('docs_command', {
        'picked': enabled_sources(),
        'variables': variables,
        'database': env_var('FOOTFALL_DB', 'warehouse/footfall.duckdb')
    })) %}
{% endmacro %}


{#- Only what a whole build has made and tested is published. None if nothing speaks against it. -#}
{% macro reason_not_to_publish(results) %}
    {% if flags.WHICH != 'build' %}
        {% do return('only a whole `dbt build` publishes, and this was `dbt ' ~ flags.WHICH ~ '`') %}
    {% endif %}
    {% if invocation_args_dict.get('empty') or invocation_args_dict.get('sample') %}
        {% do return('this build made the tables without all their rows (--empty or --sample)') %}
    {% endif %}
    {% set shortfall = describe_shortfall(results) %}
    {% if shortfall is not none %}
        {% do return(shortfall) %}
    {% endif %}
    {#- Unit tests judge the code, not the data: a build may leave them out. Tests of models that are switched off stand
        in the graph too, but depend on nothing. -#}
    {% set parts = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot', 'test'])
        | rejectattr('config.materialized', 'equalto', 'ephemeral') | list %}
    {% set done = results | map(attribute='node.unique_id') | list %}
    {% set left_out = [] %}
    {% for part in parts if part.unique_id not in done and (part.resource_type != 'test' or part.depends_on.nodes) %}
        {% do left_out.append(part.name) %}
    {% endfor %}
    {% if left_out %}
        {% do return(
            'this build left out ' ~ left_out | length ~ ' models, seeds or tests, such as ' ~ left_out | sort | first
        ) %}
    {% endif %}
    {% do return(none) %}
{% endmacro %}


{#- The public marts, as the publication wants them: name, relation, descriptions and primary key. -#}
{% macro public_marts() %}
    {% set marts = [] %}
    {% for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('config.access', 'equalto', 'public') | sort(attribute='name') %}
        {% set descriptions = {} %}
        {% for name, column in node.columns.items() %}
            {% do descriptions.update({name: column.description}) %}
        {% endfor %}
        {% do marts.append({
            'name': node.alias,
            'relation': node.relation_name,
            'description': node.description,
            'columns': descriptions,
            'key': primary_key_of(node)
        }) %}
    {% endfor %}
    {% do return(marts) %}
{% endmacro %}


{#- The columns that tell rows of a mart apart: those of its constraint, or of the test that they are unique together. -#}
{% macro primary_key_of(node) %}
    {% for constraint in node.constraints if constraint.type == 'primary_key' %}
        {% do return(constraint.columns) %}
    {% endfor %}
    {% for name, column in node.columns.items() %}
        {% for constraint in column.constraints if constraint.type == 'primary_key' %}
            {% do return([name]) %}
        {% endfor %}
    {% endfor %}
    {% for test in graph.nodes.values() | selectattr('resource_type', 'equalto', 'test')
        if test.attached_node == node.unique_id and test.test_metadata and test.test_metadata.name == 'unique_combination' %}
        {% do return(test.test_metadata.kwargs.columns) %}
    {% endfor %}
    {% do return(node.primary_key) %}
{% endmacro %}
