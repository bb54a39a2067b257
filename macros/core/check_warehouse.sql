{#- What shapes the incremental tables: a warehouse built with other settings must be rebuilt, not mixed. -#}
{% macro shaping_settings() %}
    {#- A seed that only tables read may change freely: they are rebuilt each time. -#}
    {% set seeds = {} %}
    {% for seed in graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed')
        if seed.config.meta.get('shapes_events', true) %}
        {% do seeds.update({seed.name: seed.checksum.checksum}) %}
    {% endfor %}
    {% do return(ask_program('shaping_settings', {
        'values': var_values(),
        'picked': enabled_sources(),
        'key': query_value("select left(" ~ hmac_sha256("'footfall'") ~ ", 12)"),
        'seeds': seeds,
        'storefront': query_value('select footfall_storefront_fingerprint()') if source_is_enabled('storefront') else none
    })) %}
{% endmacro %}


{#- The incremental models that this run is to build (or all of them), each with whether its table exists already (a
    view of that name is none of ours). A log that no setting shapes says so in its meta. -#}
{% macro shaped_models(only_selected=true) %}
    {% set found = {} %}
    {% for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'incremental'
        and not node.config.meta.get('is_shaped_by_no_setting') %}
        {% if not only_selected or node.unique_id in selected_resources %}
            {% set table = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.name) %}
            {% do found.update({node.name: table is not none and not table.is_view}) %}
        {% endif %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- Stops a run of real data under a key that is no secret, and one whose key is not that of the tables that stay. The
    first build of real data makes a key file. Only the check of the configuration comes before this. -#}
{% macro settle_key() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] %}
        {% do return('') %}
    {% endif %}
    {% set standing = shaped_models(only_selected=false).items() | selectattr(1) | map(attribute=0) | list %}
    {% set noted = {} %}
    {% for table_name, settings in noted_settings().items() if table_name in standing %}
        {% do noted.update({table_name: settings}) %}
    {% endfor %}
    {% set made = ask_program('settle_key', {
        'picked': enabled_sources(),
        'noted': noted,
        'remade': shaped_models().keys() | list if flags.FULL_REFRESH else []
    }) %}
    {% if made %}
        {% do take_new_key() %}
        {% do log(
            'A key of your own was made in ' ~ made ~ ': all ids are hashed with it. Back it up where you keep passwords,'
            ~ ' apart from the warehouse. Without it nobody can add to this warehouse: each customer would get a new key.',
            info=True
        ) %}
    {% endif %}
{% endmacro %}


{#- Lets this connection hash with the key that the run has made; those that are opened later have it. -#}
{% macro take_new_key() %}
    {% do return(adapter.dispatch('take_new_key', 'footfall')()) %}
{% endmacro %}

{% macro duckdb__take_new_key() %}
    {% for which in ['inner', 'outer'] %}
        {% do run_query('set variable footfall_hmac_' ~ which ~ " = footfall_padded_key('" ~ which ~ "')") %}
    {% endfor %}
{% endmacro %}


{#- What each table was built with, by the name of the table. -#}
{% macro noted_settings() %}
    {% set noted = {} %}
    {% set relation = settings_relation() %}
    {% if adapter.get_relation(relation.database, relation.schema, relation.identifier) is not none %}
        {% for row in run_query(
            'select table_name, name, value from ' ~ relation ~ ' order by table_name, name, value'
        ) %}
            {% do noted.setdefault(row[0], {}).update({row[1]: row[2]}) %}
        {% endfor %}
    {% endif %}
    {% do return(noted) %}
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
    {#- Each text is quoted once: a first build notes some thousand rows. -#}
    {% set settings = [] %}
    {% for name, value in shaping.items() %}
        {% do settings.append(sql_text(name) ~ ', ' ~ sql_text(value)) %}
    {% endfor %}
    {% set rows = [] %}
    {% for model_name in quoted_texts(model_names) %}
        {% for setting in settings %}
            {% do rows.append('(' ~ model_name ~ ', ' ~ setting ~ ')') %}
        {% endfor %}
    {% endfor %}
    {% do run_query(
        'delete from ' ~ settings_relation() ~ ' where table_name in (' ~ quoted_texts(model_names) | join(', ') ~ ')'
    ) %}
    {% do run_query('insert into ' ~ settings_relation() ~ ' values ' ~ rows | join(', ')) %}
{% endmacro %}


{#- Stops a run that would mix two shapes in one warehouse, before it changes anything, and names what differs. Notes the
    shape of tables that are not there yet, and which tables this run rebuilds. -#}
{% macro check_warehouse() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] %}
        {% do return('') %}
    {% endif %}
    {% do run_query('create schema if not exists ' ~ settings_relation().without_identifier()) %}
    {% do run_query(
        'create table if not exists ' ~ settings_relation() ~ ' (table_name varchar, name varchar, value varchar)'
    ) %}
    {% set noted = noted_settings() %}
    {% do check_tombstones(noted.get('', {}).get('tombstones')) %}
    {% set shaping = shaping_settings() %}
    {% set selected = shaped_models() %}
    {% set all_models = shaped_models(only_selected=false) %}
    {% set to_note = ask_program('check_warehouse', {
        'shaping': shaping,
        'noted': noted,
        'standing': (all_models.items() | selectattr(1) | map(attribute=0) | list),
        'selected': (selected.keys() | list),
        'full_refresh': (flags.FULL_REFRESH | default(false, true))
    }) %}
    {% do note_settings(to_note.fresh, shaping) %}
    {% for model_name in to_note.unfinished %}
        {% do run_query(
            'insert into ' ~ settings_relation() ~ " values (" ~ sql_text(model_name) ~ ", 'unfinished', 'full refresh')"
        ) %}
    {% endfor %}
{% endmacro %}


{#- Stops a run that knows fewer people who were erased than the one that built the warehouse, or others: they would come in
    again. Notes how many it knows, next to the settings of no table. -#}
{% macro check_tombstones(noted) %}
    {% do adapter.dispatch('check_tombstones', 'footfall')(noted) %}
{% endmacro %}

{% macro default__check_tombstones(noted) %}
{% endmacro %}

{% macro duckdb__check_tombstones(noted) %}
    {% set mark = ask_program('check_tombstones', {'noted': noted}) %}
    {% if mark is not none %}
        {% do run_query(
            'delete from ' ~ settings_relation() ~ " where table_name = '' and name = 'tombstones'"
        ) %}
        {% do run_query(
            'insert into ' ~ settings_relation() ~ " values ('', 'tombstones', " ~ sql_text(mark) ~ ')'
        ) %}
    {% endif %}
{% endmacro %}


{#- Notes at the end of a run what the tables that it rebuilt were built with; those that failed are still the old. -#}
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


{#- Stops a build that would take in a source of which most new rows are broken. It judges before rows are taken in, so
    that their days stay pending, and what was built and published stays as it is. -#}
{% macro stop_at_rejections(pending) %}
    {% if not execute or flags.WHICH not in ['build', 'run'] or load_built_relation(pending.identifier) is none %}
        {% do return('') %}
    {% endif %}
    {% set rows = text_rows('select ' ~ as_texts([
        'source', 'received_on', 'reason', 'is_broken', 'row_count', 'unknown_event_type'
    ]) ~ ' from ' ~ pending) %}
    {% set broken = ask_program('broken_sources', {'pending': rows, 'largest_share': var('max_rejected_share')}) %}
    {% do ask_program('check_rejections', {
        'pending': rows,
        'known_names': text_rows(
            'select source_event_name, event_type from ' ~ ref('event_name_map') ~ ' where event_type is not null '
            ~ 'union select event_type, event_type from ' ~ ref('event_types') ~ ' where is_accepted'
        ),
        'largest_share': var('max_rejected_share'),
        'arrivals': ref('int_arrivals').render(),
        'examples': text_rows(examples_of_rejections(broken)) if broken else [],
        'inputs': named_inputs(broken)
    }) %}
{% endmacro %}


{#- The name of the event, where the reason is that nobody knows it. -#}
{% macro unknown_event_type(event_type, reason) -%}
    case when {{ reason }} like 'event_type % is not in seeds/event_types.csv:%' then {{ event_type }} end
{%- endmacro %}


{#- A reason without what differs from row to row: the value that it quotes, or the line and file that it names. -#}
{% macro counted_reason(reason) -%}
    case
            when {{ reason }} like 'line % cannot be read: %'
                then 'cannot be read: ' || {{ without_match(reason, '(?s)^line [0-9]+ of .*? cannot be read: ') }}
            else {{ without_match(reason, '(?s): .*$') }}
        end
{%- endmacro %}


{#- One reason in full of each kind, of the pending rows of some sources: the rows are read once more, as the run stops. -#}
{% macro examples_of_rejections(source_names) -%}
    select
        arrivals.source,
        {{ counted_reason('arrivals.reason') }} as reason,
        min(arrivals.reason) as example
    from ({{ pending_arrivals('arrivals.source, arrivals.reason', on_every_build=true) }}) as arrivals
    where arrivals.reason is not null
        and arrivals.source in {{ in_sources(source_names) }}
    group by arrivals.source, {{ counted_reason('arrivals.reason') }}
{%- endmacro %}


{#- By source, the var that names what its events are read from, and its value. -#}
{% macro named_inputs(source_names) %}
    {% set inputs = {} %}
    {% for source_name in source_names %}
        {% for name in ask_program('event_vars', {'name': source_name}) if var(name, none) %}
            {% do inputs.update({source_name: [name, var(name) if var(name) is string else tojson(var(name))]}) %}
        {% endfor %}
    {% endfor %}
    {% do return(inputs) %}
{% endmacro %}
