{#- What shapes the incremental tables: a warehouse built with other settings must be rebuilt, not mixed. -#}
{% macro shaping_settings() %}
    {% set shaping = {
        'footfall_source': enabled_sources() | sort | join(', '),
        'key': query_value("select left(" ~ hmac_sha256("'footfall'") ~ ", 12)")
    } %}
    {% for name in [
        'storefront_seed', 'storefront_customers', 'custom_events_relation', 'custom_columns', 'custom_event_names',
        'custom_keep_identical_rows', 'earliest_event_date', 'future_tolerance_minutes',
        'reporting_currency', 'session_gap_minutes', 'session_max_minutes', 'engaged_max_pause_seconds', 'bot_min_events',
        'bot_max_seconds_per_event', 'session_cut_at_midnight', 'session_cut_at_campaign_change',
        'funnel_window_days', 'drop_off_window_days', 'paths_kept', 'path_max_steps', 'lifecycle_at_risk_days',
        'lifecycle_lapsed_days', 'lifecycle_retained_order_days', 'lifecycle_loyal_orders'
    ] %}
        {% do shaping.update({name: var(name) | string}) %}
    {% endfor %}
    {% for name in [
        'complete_journey_path', 'online_retail_path', 'ga4_path', 'snowplow_path', 'segment_path', 'custom_events_path'
    ] %}
        {% set path = var(name) %}
        {% do shaping.update({
            name: query_value('select footfall_absolute_path(' ~ sql_text(path) ~ ')') if path is string else path | string
        }) %}
    {% endfor %}
    {#- A seed that only tables read may change freely: they are built anew each time. -#}
    {% for seed in graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed')
        if seed.config.meta.get('shapes_events', true) %}
        {% do shaping.update({'seeds/' ~ seed.name ~ '.csv': seed.checksum.checksum[:12]}) %}
    {% endfor %}
    {% if source_is_enabled('storefront') %}
        {% do shaping.update({
            'storefront (the simulated shop)': query_value('select left(footfall_storefront_fingerprint(), 12)')
        }) %}
    {% endif %}
    {% do return(shaping) %}
{% endmacro %}


{#- The incremental models that this run is to build (or all of them), each with whether its table stands already. A log
    that no setting shapes says so in its meta. -#}
{% macro shaped_models(only_selected=true) %}
    {% set found = {} %}
    {% for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'incremental'
        and not node.config.meta.get('is_shaped_by_no_setting') %}
        {% if not only_selected or node.unique_id in selected_resources %}
            {% set table = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.name) %}
            {% do found.update({node.name: table is not none}) %}
        {% endif %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- Where it is noted what each table was built with. -#}
{% macro settings_relation() %}
    {% do return(api.Relation.create(
        database=target.database, schema=generate_schema_name('intermediate', none), identifier='warehouse_settings'
    )) %}
{% endmacro %}


{#- Notes what tables are built with from now on, in place of what was noted of them before. -#}
{% macro note_settings(model_names, shaping) %}
    {% if not model_names %}
        {% do return('') %}
    {% endif %}
    {% set rows = [] %}
    {% for model_name in model_names %}
        {% for name, value in shaping.items() %}
            {% do rows.append("('" ~ model_name ~ "', " ~ sql_text(name) ~ ', ' ~ sql_text(value) ~ ')') %}
        {% endfor %}
    {% endfor %}
    {% do run_query(
        'delete from ' ~ settings_relation() ~ " where table_name in ('" ~ model_names | join("', '") ~ "')"
    ) %}
    {% do run_query('insert into ' ~ settings_relation() ~ ' values ' ~ rows | join(', ')) %}
{% endmacro %}


{#- Stops a run that would mix two shapes in one warehouse, before it changes anything, and names what differs. Notes the
    shape of tables that are not there yet, and which tables this run makes anew. -#}
{% macro check_warehouse() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] %}
        {% do return('') %}
    {% endif %}
    {% do run_query('create schema if not exists ' ~ settings_relation().without_identifier()) %}
    {% do run_query(
        'create table if not exists ' ~ settings_relation() ~ ' (table_name varchar, name varchar, value varchar)'
    ) %}
    {% set shaping = shaping_settings() %}
    {% set noted = {} %}
    {% for row in run_query('select table_name, name, value from ' ~ settings_relation() ~ ' order by all') %}
        {% do noted.setdefault(row[0], {}).update({row[1]: row[2]}) %}
    {% endfor %}

    {% set selected = shaped_models() %}
    {% set remade = selected.keys() | list if flags.FULL_REFRESH else [] %}
    {% set problems = [] %}
    {% for model_name, stands in shaped_models(only_selected=false).items() if stands and model_name not in remade %}
        {% do problems.extend(shape_problems(model_name, noted.get(model_name), shaping)) %}
    {% endfor %}
    {% do stop_at(problems | unique | list) %}

    {% set fresh = [] %}
    {% set unfinished = [] %}
    {% for model_name, stands in selected.items() %}
        {% if not stands %}
            {% do fresh.append(model_name) %}
        {% elif model_name in remade and shape_problems(model_name, noted.get(model_name), shaping) %}
            {% do unfinished.append("('" ~ model_name ~ "', 'unfinished', 'full refresh')") %}
        {% endif %}
    {% endfor %}
    {% do note_settings(fresh, shaping) %}
    {% if unfinished %}
        {% do run_query('insert into ' ~ settings_relation() ~ ' values ' ~ unfinished | join(', ')) %}
    {% endif %}
{% endmacro %}


{#- What speaks against adding to a table: it was built with other settings, or nobody knows with which. -#}
{% macro shape_problems(model_name, noted, shaping) %}
    {% if noted is none %}
        {% do return([
            "It is not known what this warehouse was built with (an earlier version of the project did not note it): "
            ~ 'build everything once with --full-refresh.'
        ]) %}
    {% endif %}
    {% if 'unfinished' in noted %}
        {% do return([
            'A build with --full-refresh and other settings was broken off, and left some tables old and some new: '
            ~ 'build everything once more with --full-refresh.'
        ]) %}
    {% endif %}
    {% set problems = [] %}
    {% for name, value in noted.items() if name in shaping and shaping[name] != value %}
        {% do problems.append(
            "'" ~ name ~ "' was '" ~ value ~ "' when this warehouse was built and is '" ~ shaping[name]
            ~ "' now: build everything once with --full-refresh, or set FOOTFALL_DB to keep both."
        ) %}
    {% endfor %}
    {% do return(problems) %}
{% endmacro %}


{#- Notes at the end of a run what the tables that it made anew were built with; those that failed are still the old. -#}
{% macro note_remade_tables(results) %}
    {% if not execute or flags.WHICH not in ['build', 'run'] or not flags.FULL_REFRESH %}
        {% do return('') %}
    {% endif %}
    {% set made = [] %}
    {% for result in results if result.status | string == 'success' and result.node.name in shaped_models() %}
        {% do made.append(result.node.name) %}
    {% endfor %}
    {% do run_query('delete from ' ~ settings_relation() ~ " where name = 'unfinished'") %}
    {% do note_settings(made, shaping_settings()) %}
{% endmacro %}
