{#- Publishes the marts after a whole build that succeeded, or says why not, and says where to read them. What goes
    wrong fails the build: the hook's own statement then raises. -#}
{% macro publish_marts(results) %}
    {% if not execute %}
        {% do return('') %}
    {% endif %}
    {% set outcome = ask_program('publish', {
        'run_id': invocation_id,
        'project': invocation_args_dict.project_dir,
        'command': flags.WHICH,
        'is_partial': true if invocation_args_dict.get('empty') or invocation_args_dict.get('sample') else false,
        'results': ended(results),
        'keeps_standing': var('failed_gates_keep_the_publication'),
        'zone': var('shop_time_zone')
    }) %}
    {% set lines = outcome.lines %}
    {% set commands = make_commands() if flags.WHICH == 'build' else {} %}
    {% if commands.serve and outcome.is_published %}
        {% do lines.append('The boards: ' ~ commands.serve ~ ', then open http://127.0.0.1:8080/') %}
    {% endif %}
    {% if commands.docs %}
        {% do lines.append('The docs: ' ~ commands.docs ~ ', then open target/docs/index.html') %}
    {% endif %}
    {% do log('  ' ~ lines | join('\n  ') ~ '\n', info=True) %}
    {% if outcome.problem is not none %}
        {% do return('select error(' ~ sql_text(outcome.problem) ~ ')') %}
    {% endif %}
{% endmacro %}


{#- The commands that show the boards of this warehouse and write its docs. None where make has no words for what the run
    read: several sources, or a relation in place of a file. -#}
{% macro make_commands() %}
    {% set variables = {} %}
    {% for name in ask_program('source_vars', {}) %}
        {% do variables.update({name: var(name, none)}) %}
    {% endfor %}
    {% do return(ask_program('make_commands', {
        'picked': enabled_sources(),
        'variables': variables,
        'database': env_var('FOOTFALL_DB', 'warehouse/footfall.duckdb'),
        'mapping': env_var('FOOTFALL_MAPPING', ''),
        'published': env_var('FOOTFALL_PUBLISHED', '')
    })) %}
{% endmacro %}
