{#- Both materializations of dbt-duckdb, behind one question: is there anything to do? A table whose code, settings and
    inputs are what they were when it was made would come out the same, so it is left alone. What a table was made from
    stands in its comment, with the run that made it and the number of its rows: a table that someone made anew in
    another way has no comment, and one that lost rows is found out. Only a run that also brings its inputs up to date
    (seeds, views and tables) can know that nothing has changed: what is built without them is always made. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% set versions = versions_of_this() %}
    {% if versions.is_current %}
        {{ return(kept_as_it_is()) }}
    {% endif %}
    {% if model.language == 'sql' %}
        {% do dbt.materialization_table_duckdb() %}
    {% else %}
        {#- dbt starts Python from a materialization only, not from a macro that it calls. -#}
        {% set draft = make_intermediate_relation(this.incorporate(type='table')) %}
        {% do drop_relation_if_exists(load_cached_relation(draft)) %}
        {{ run_hooks(pre_hooks) }}
        {% call statement('main', language='python') -%}
            {{- create_table_as(false, draft, compiled_code, 'python') }}
        {%- endcall %}
        {% do put_in_place(draft) %}
    {% endif %}
    {% do note_what_was_made(versions) %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {% set versions = versions_of_this() %}
    {% if versions.is_current %}
        {{ return(kept_as_it_is()) }}
    {% endif %}
    {#- The table is changed in place: until that is finished it is made from nothing that is known. -#}
    {% if versions.noted %}
        {% do note_version(this, none) %}
    {% endif %}
    {% do dbt.materialization_incremental_duckdb() %}
    {% do note_what_was_made(versions) %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}


{% macro kept_as_it_is() %}
    {% call noop_statement('main', 'KEPT') %}{% endcall %}
    {% do return({'relations': [this.incorporate(type='table')]}) %}
{% endmacro %}


{#- Swaps a table that a Python model has filled for the one that stands; who reads sees the old rows or the new. -#}
{% macro put_in_place(draft) %}
    {% set standing = load_cached_relation(this) %}
    {% set backup = none %}
    {% if standing is not none %}
        {% set backup = make_backup_relation(this, standing.type) %}
        {% do drop_relation_if_exists(load_cached_relation(backup)) %}
        {% do adapter.rename_relation(standing, backup) %}
    {% endif %}
    {% do adapter.rename_relation(draft, this.incorporate(type='table')) %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {% do drop_relation_if_exists(backup) %}
{% endmacro %}


{#- What the table that stands was made from, what it would be made from now, and whether the two are the same. -#}
{% macro versions_of_this() %}
    {% set standing = load_cached_relation(this) %}
    {% set stands = standing is not none and standing.is_table %}
    {% set notes = noted_versions(model, stands) %}
    {% set made_from = inputs_version(model, notes) %}
    {% set noted = none %}
    {% if stands and notes.get(this.schema ~ '.' ~ this.identifier) %}
        {% set noted = notes[this.schema ~ '.' ~ this.identifier].split(', made in ')[0] %}
    {% endif %}
    {% do return({
        'noted': noted,
        'made_from': made_from,
        'is_current': made_from is not none and noted == made_from and not should_full_refresh()
            and notes['noted rows'] == notes['rows']
    }) %}
{% endmacro %}


{% macro row_count_of_this() %}
    {% do return(query_value('select count(*) from ' ~ this) | string) %}
{% endmacro %}


{% macro note_what_was_made(versions) %}
    {#- Who reads a table has to follow when it is made again, whatever it was made from. -#}
    {% set version = versions.made_from ~ ', made in ' ~ invocation_id if versions.made_from
        else contents_version(model, versions.noted) %}
    {% if version %}
        {% do note_version(this, version ~ ', rows: ' ~ row_count_of_this()) %}
    {% endif %}
{% endmacro %}


{#- What the tables that a model reads, and its own, say that they were made from and in which run: `schema.name` to
    version. With them, `noted rows` and `rows`: how many rows its own table was left with and how many it has, and
    `code`: the fingerprint of the code that all tables share. One query, because it is asked for each model. -#}
{% macro noted_versions(node, stands) %}
    {% set names = ["'" ~ this.identifier ~ "'"] %}
    {% for table in stored_inputs(node) %}
        {% do names.append("'" ~ (table.alias or table.name) ~ "'") %}
    {% endfor %}
    {% set notes = {} %}
    {% set query %}
        select schema_name || '.' || table_name as name, comment as note
        from duckdb_tables()
        where database_name = '{{ this.database }}' and comment is not null
            and table_name in ({{ names | unique | join(', ') }})
        union all
        select 'code', footfall_code_fingerprint({{ sql_text(invocation_args_dict.project_dir) }})
        {% if stands -%}
        union all
        select 'rows', cast(count(*) as varchar) from {{ this }}
        {%- endif %}
    {% endset %}
    {% for row in run_query(query) %}
        {% set version, row_count = row[1].split(', rows: ') if ', rows: ' in row[1] else (row[1], none) %}
        {% do notes.update({row[0]: version}) %}
        {% if row[0] == this.schema ~ '.' ~ this.identifier %}
            {% do notes.update({'noted rows': row_count}) %}
        {% endif %}
    {% endfor %}
    {% do return(notes) %}
{% endmacro %}


{% macro note_version(relation, version) %}
    {% call statement('note_version', auto_begin=false) %}
        comment on table {{ relation.incorporate(type='table') }} is {{ sql_text(version) if version else 'null' }}
    {% endcall %}
{% endmacro %}


{#- The models with a table of their own that a model reads, at once or through views. -#}
{% macro stored_inputs(node) %}
    {% set found = [] %}
    {% for unique_id in node.depends_on.nodes if unique_id.startswith('model.') %}
        {% set input = graph.nodes[unique_id] %}
        {% if input.config.materialized == 'view' %}
            {% do found.extend(stored_inputs(input)) %}
        {% else %}
            {% do found.append(input) %}
        {% endif %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{#- A digest of everything that decides what a table holds: its code, the macros and the package behind it, vars, and the
    versions of its inputs. None when an input cannot tell its version, or is not part of this run: then the table has to
    be made. So has what watches over pending rows (meta `pending_column`): only looking tells whether some came. -#}
{% macro inputs_version(node, notes) %}
    {% if node.config.meta.get('pending_column') %}
        {% do return(none) %}
    {% endif %}
    {% set parts = [code_version(notes['code'])] %}
    {% do parts.extend(version_parts(node, notes, has_pending_days_only=reads_pending_days_only(node))) %}
    {% do return(none if none in parts else 'made from ' ~ local_md5(parts | join('|'))) %}
{% endmacro %}


{% macro version_parts(node, notes, has_pending_days_only) %}
    {% set parts = [node.raw_code, shape_of(node)] %}
    {% for unique_id in node.depends_on.nodes %}
        {% if unique_id not in selected_resources and not unique_id.startswith('source.') %}
            {% do parts.append(none) %}
        {% elif unique_id.startswith('source.') %}
            {#- Nobody knows what came into a source, except for the days that int_arrival_days watches over. -#}
            {% do parts.append('pending days' if has_pending_days_only else none) %}
        {% elif unique_id.startswith('seed.') %}
            {% do parts.append(graph.nodes[unique_id].checksum.checksum) %}
            {% do parts.append(graph.nodes[unique_id].config.get('column_types', {}) | tojson) %}
        {% elif graph.nodes[unique_id].config.materialized == 'view' %}
            {% do parts.extend(version_parts(graph.nodes[unique_id], notes, has_pending_days_only)) %}
        {% else %}
            {% set input = graph.nodes[unique_id] %}
            {% do parts.append(notes.get(input.schema ~ '.' ~ (input.alias or input.name))) %}
        {% endif %}
    {% endfor %}
    {% do return(parts) %}
{% endmacro %}


{#- What YAML says of a table that changes it: types, constraints, settings. How columns are described does not. -#}
{% macro shape_of(node) %}
    {% set parts = [node.get('constraints', []) | tojson] %}
    {% for column in node.columns.values() %}
        {% do parts.append([column.name, column.get('data_type'), column.get('constraints', [])] | tojson) %}
    {% endfor %}
    {% for name in node.config if name not in ['access', 'docs', 'group', 'meta', 'tags'] %}
        {% do parts.append(name ~ ' ' ~ node.config[name] | string) %}
    {% endfor %}
    {% for name in node.config.meta if name != 'lineage' %}
        {% do parts.append(name ~ ' ' ~ node.config.meta[name] | tojson) %}
    {% endfor %}
    {% do return(parts | join(',')) %}
{% endmacro %}


{#- Incremental models that read int_arrival_days take nothing else from the sources than the days it calls pending. -#}
{% macro reads_pending_days_only(node) %}
    {% do return(
        node.config.materialized == 'incremental'
        and node.depends_on.nodes | select('equalto', 'model.footfall.int_arrival_days') | list | length > 0
    ) %}
{% endmacro %}


{#- What the code of the project and its vars amount to, as one digest. Rows left out on purpose make another table. -#}
{% macro code_version(fingerprint) %}
    {% set settings = {} %}
    {#- How far the simulated shop has run, its rows tell; the language, the words that a mart with sentences reads. -#}
    {% for name in known_vars() if name not in ['storefront_until', 'language'] %}
        {% do settings.update({name: var(name, none) | string}) %}
    {% endfor %}
    {% do return(local_md5(fingerprint ~ settings | tojson ~ dbt_version ~ flags.EMPTY)) %}
{% endmacro %}


{#- The version of a table whose inputs could not tell theirs, such as one that reads a source. A table that watches over
    pending rows (meta `pending_column`) has a new one as often as some are pending; any other is known by its rows. -#}
{% macro contents_version(node, noted) %}
    {% set pending_column = node.config.meta.get('pending_column') %}
    {% if pending_column %}
        {% set is_pending = query_value('select count(*) from ' ~ this ~ ' where ' ~ pending_column) %}
        {% do return(noted if noted and not is_pending else 'as of ' ~ invocation_id) %}
    {% endif %}
    {% if node.config.materialized != 'table' or node.language != 'sql' %}
        {% do return(none) %}
    {% endif %}
    {% do return('rows ' ~ query_value(
        "select cast(count(*) as varchar) || ' ' || cast(coalesce(sum(" ~ row_digest(['content']) ~ "), 0) as varchar) from "
        ~ this ~ ' as content'
    )) %}
{% endmacro %}
