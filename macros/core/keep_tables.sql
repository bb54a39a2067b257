{#- The materializations of dbt-duckdb, behind one question: is there anything to do? A table whose code, settings and
    inputs are what they were when it was made would come out the same, so it is left alone, and so is a test that passed
    on what it reads. What it was made from is decided in Python (footfall.builds.versions) and noted in
    `table_versions`, in the transaction that puts the table in its place: a run that is killed leaves both as they were,
    or both new. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% set before = load_cached_relation(this) %}
    {% if is_current(before) %}
        {{ return(kept_as_it_is()) }}
    {% endif %}
    {% set draft = make_intermediate_relation(this.incorporate(type='table')) %}
    {% do drop_relation_if_exists(load_cached_relation(draft)) %}
    {{ run_hooks(pre_hooks) }}
    {#- dbt starts Python from a materialization only, not from a macro that it calls. -#}
    {% call statement('main', language=model.language) -%}
        {{- create_table_as(false, draft, compiled_code, model.language) }}
    {%- endcall %}
    {% do put_in_place(draft, before) %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {% if is_current(load_cached_relation(this)) %}
        {{ return(kept_as_it_is()) }}
    {% endif %}
    {% do dbt.materialization_incremental_duckdb() %}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{#- A view takes the place of the one before in one statement: dbt's own way makes it under another name, and renames both,
    which has the database set out its query three times over. -#}
{% materialization view, adapter='duckdb' %}
    {% set before = load_cached_relation(this) %}
    {% set is_in_the_way = before is not none and not before.is_view %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        {%- if is_in_the_way %} drop {{ before.type }} if exists {{ before }}; {%- endif %}
        {%- if config.get('contract').enforced %} {{ get_assert_columns_equivalent(sql) }} {%- endif %}
        create or replace view {{ this }} as (
        {{ sql }}
        )
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {% if is_in_the_way %}
        {% do adapter.cache_dropped(before) %}
    {% endif %}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}

{#- Most of what a test costs is not its query: it gets by with one statement to ask, one to run, and no transaction. -#}
{% materialization test, adapter='duckdb' %}
    {% if should_store_failures() or config.get('sql_header') %}
        {{ return(dbt.materialization_test_default()) }}
    {% endif %}
    {% set kept = kept_test_result() %}
    {% if kept %}
        {% do store_raw_result('main', message='KEPT', code=none, rows_affected=none, agate_table=kept) %}
        {{ return({'relations': []}) }}
    {% endif %}
    {% call statement('main', fetch_result=true, auto_begin=false) -%}
        {{- get_test_sql(
            get_limit_subquery_sql(sql, config.get('limit')), config.get('fail_calc'), config.get('warn_if'),
            config.get('error_if'), limit=none
        ) }}
    {%- endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}


{% macro kept_as_it_is() %}
    {% call noop_statement('main', 'KEPT') %}{% endcall %}
    {% do return({'relations': [this.incorporate(type='table')]}) %}
{% endmacro %}


{#- Puts a table that was made under another name in the place of the one before; who reads sees the old rows or the
    new. dbt's own macros for it would each set out all macros of the project once more. -#}
{% macro put_in_place(draft, before) %}
    {% call statement('put_in_place') -%}
        {%- if before is not none %} drop {{ before.type }} if exists {{ before }}; {%- endif %}
        alter table {{ draft }} rename to {{ adapter.quote(this.identifier) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {% if before is not none %}
        {% do adapter.cache_dropped(before) %}
    {% endif %}
{% endmacro %}


{#- Whether the table of this model would come out as it is. It is asked in any case, because what is made has to be
    noted with what it was made from. -#}
{% macro is_current(before) %}
    {% set answer = ask_program('is_current', {'run_id': invocation_id, 'unique_id': model.unique_id}) %}
    {% do return(answer and before is not none and before.is_table and not should_full_refresh()) %}
{% endmacro %}


{#- The result of a test that would pass as it last did, in the form that dbt takes it; none for any other. Alone (`dbt
    test`) and in a full refresh every test runs. It is asked in any build, because what a test passes on has to be
    noted. The answer is `ask_program`'s, read where it is given: one statement in place of two. -#}
{% macro kept_test_result() %}
    {% if flags.WHICH != 'build' %}
        {% do return(none) %}
    {% endif %}
    {% set details = {'run_id': invocation_id, 'unique_id': model.unique_id, 'text': local_md5(compiled_code)} %}
    {% set found = run_query(query_of_kept_test(details)) %}
    {% do return(found if found.rows and not flags.FULL_REFRESH else none) %}
{% endmacro %}


{#- A query with the row that a passed test has where it need not run again, and no row where it has to. -#}
{% macro query_of_kept_test(details) %}
    {{ return(adapter.dispatch('query_of_kept_test', 'footfall')(details)) }}
{% endmacro %}

{% macro default__query_of_kept_test(details) %}
    {% do return(
        'select 0 as failures, false as should_warn, false as should_error where '
        ~ ('true' if ask_program('is_test_current', details) else 'false')
    ) %}
{% endmacro %}

{#- Asked and answered in one statement: there are hundreds of tests. -#}
{% macro duckdb__query_of_kept_test(details) %}
    {% do return(
        'with asked as materialized (select cast(footfall_ask(' ~ sql_text('is_test_current') ~ ', '
        ~ sql_text(tojson(details)) ~ ') as json) as said) '
        ~ 'select 0 as failures, false as should_warn, false as should_error from asked '
        ~ "where case when said ->> 'problem' is null then said ->> 'answer' = 'true' "
        ~ "else error(said ->> 'problem') end"
    ) %}
{% endmacro %}


{#- Where it is noted what each table was made from. -#}
{% macro versions_relation() %}
    {% do return(api.Relation.create(
        database=target.database, schema=generate_schema_name('intermediate', none), identifier='table_versions'
    )) %}
{% endmacro %}


{#- Where it is noted what each test has passed on. -#}
{% macro passed_tests_relation() %}
    {% do return(versions_relation().incorporate(path={'identifier': 'passed_tests'})) %}
{% endmacro %}


{#- Hands the project to Python, with what earlier runs have noted: once a run, and not once a table. -#}
{% macro begin_run() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] %}
        {% do return('') %}
    {% endif %}
    {% do make_versions_table() %}
    {% set noted = text_rows(
        'select schema_name, table_name, made_from, version, cast(row_count as string), '
        ~ 'cast(tests_passed as string) from ' ~ versions_relation()
    ) %}
    {% set passed = text_rows('select test, passed_on from ' ~ passed_tests_relation()) %}
    {% set settings = {
        'dbt': dbt_version, 'empty': flags.EMPTY, 'sample': invocation_args_dict.get('sample') | string
    } %}
    {#- How far the simulated shop has run, its rows show; the language, the words that a mart with sentences reads; how
        many rows may be broken decides whether there is a run, not what it makes. -#}
    {% for name in known_vars() if name not in ['storefront_until', 'language', 'max_rejected_share'] %}
        {% do settings.update({name: var(name, none) | string}) %}
    {% endfor %}
    {% do ask_program('begin_run', {
        'run_id': invocation_id, 'project': invocation_args_dict.project_dir, 'settings': toyaml(settings),
        'nodes': described_nodes(), 'selected': selected_resources, 'noted': noted, 'row_counts': counted_rows(noted),
        'passed': passed
    }) %}
{% endmacro %}


{#- Makes the tables for notes where there are none. Each table carries in its comment the version that is noted of it:
    what is noted of a table that was dropped, or made in another way, is forgotten. -#}
{% macro make_versions_table() %}
    {% if load_built_relation('table_versions') is none %}
        {% do run_query('create schema if not exists ' ~ versions_relation().without_identifier()) %}
        {% do run_query(
            'create table ' ~ versions_relation() ~ ' (schema_name string, table_name string, made_from string, '
            ~ 'version string, made_by_run string, row_count bigint, tests_passed bigint)'
        ) %}
    {% endif %}
    {% if load_built_relation('passed_tests') is none %}
        {% do run_query('create table ' ~ passed_tests_relation() ~ ' (test string, passed_on string)') %}
    {% endif %}
    {% do forget_lost_tables() %}
{% endmacro %}


{#- Deletes what is noted of tables that do not carry it in their comments. -#}
{% macro forget_lost_tables() %}
    {% do adapter.dispatch('forget_lost_tables', 'footfall')() %}
{% endmacro %}

{% macro duckdb__forget_lost_tables() %}
    {% do run_query(
        'delete from ' ~ versions_relation() ~ ' as noted where not exists (select 1 from duckdb_tables() as found '
        ~ 'where found.database_name = ' ~ sql_text(target.database) ~ ' and found.schema_name = noted.schema_name '
        ~ "and found.table_name = noted.table_name and found.comment = 'version ' || noted.version)"
    ) %}
{% endmacro %}


{#- How many rows the tables have of which something is noted: one that lost rows is made again. -#}
{% macro counted_rows(noted) %}
    {% set counts = [] %}
    {% for note in noted %}
        {% do counts.append(
            'select ' ~ sql_text(note[0]) ~ ', ' ~ sql_text(note[1]) ~ ', cast(count(*) as string) from '
            ~ sql_name(note[0]) ~ '.' ~ sql_name(note[1])
        ) %}
    {% endfor %}
    {% do return(text_rows(counts | join(' union all ')) if counts else []) %}
{% endmacro %}


{#- The rows of a query of texts, as lists. -#}
{% macro text_rows(query) %}
    {% set rows = [] %}
    {% for row in run_query(query) %}
        {% do rows.append(row.values() | list) %}
    {% endfor %}
    {% do return(rows) %}
{% endmacro %}


{#- Models, seeds and tests, as far as Python has to know them; of a public mart also what a publication says of it, and of
    a test that some columns together identify rows, the model and the columns. -#}
{% macro described_nodes() %}
    {% set nodes = [] %}
    {% for node in graph.nodes.values() if node.resource_type in ['model', 'seed', 'test'] %}
        {% set columns = [] %}
        {% for column in node.columns.values() %}
            {% do columns.append([column.name, column.get('data_type'), column.get('constraints')]) %}
        {% endfor %}
        {% do nodes.append({
            'unique_id': node.unique_id, 'schema': node.schema, 'name': node.alias or node.name,
            'language': node.get('language'), 'checksum': node.checksum, 'config': node.config,
            'constraints': node.get('constraints'), 'columns': columns, 'inputs': node.depends_on.nodes or [],
            'mart': described_mart(node) if node.config.get('access') == 'public' else none,
            'identifies': [node.attached_node, node.test_metadata.kwargs.columns]
                if node.get('test_metadata') and node.test_metadata.name == 'unique_combination' else none
        }) %}
    {% endfor %}
    {% do return(nodes) %}
{% endmacro %}


{#- What a publication says of a public mart. -#}
{% macro described_mart(node) %}
    {% set columns = {} %}
    {% for column in node.columns.values() %}
        {% do columns.update({
            column.name: {'description': column.description, 'published_as': column.meta.get('published_as')}
        }) %}
    {% endfor %}
    {% do return({
        'relation': node.relation_name, 'description': node.description, 'columns': columns,
        'primary_key': node.primary_key
    }) %}
{% endmacro %}


{#- The last thing that happens to a table before its transaction ends. It is unknown what came in where a table reads a
    source: its version is then a digest of its rows. -#}
{% macro note_what_was_made() %}
    {% if not execute or model.config.materialized not in ['table', 'incremental'] %}
        {% do return('') %}
    {% endif %}
    {% set details = {'run_id': invocation_id, 'unique_id': model.unique_id} %}
    {% set noted = ask_program('note_made', details) %}
    {% if noted.look_for == 'is_pending' %}
        {% set count = 'select count(*) from ' ~ this ~ ' where ' ~ model.config.meta.pending_column %}
        {% set noted = ask_program('note_made', dict(details, is_pending=query_value(count) > 0)) %}
    {% elif noted.look_for == 'contents' %}
        {% set digest -%}
            select cast(count(*) as string) || ' ' || cast(coalesce(sum({{ row_digest(['content']) }}), 0) as string)
            from {{ this }} as content
        {%- endset %}
        {% set noted = ask_program('note_made', dict(details, contents=query_value(digest))) %}
    {% endif %}
    delete from {{ versions_relation() }}
    where schema_name = {{ sql_text(this.schema) }} and table_name = {{ sql_text(this.identifier) }};
    {% if noted.version is not none %}
    insert into {{ versions_relation() }} (schema_name, table_name, made_from, version, made_by_run, row_count)
    select
        {{ sql_text(this.schema) }} as schema_name,
        {{ sql_text(this.identifier) }} as table_name,
        {{ sql_text(noted.made_from) if noted.made_from else 'null' }} as made_from,
        {{ sql_text(noted.version) }} as version,
        {{ sql_text(invocation_id) }} as made_by_run,
        count(*) as row_count
    from {{ this }};
    comment on table {{ this.incorporate(type='table') }} is {{ sql_text('version ' ~ noted.version) }};
    {% endif %}
{% endmacro %}


{#- Notes at the end of a run which tests have passed on the tables as they are now. One that did not pass is forgotten
    in any case, so that the next build runs it again. -#}
{% macro note_tests(results) %}
    {% if not execute or flags.WHICH not in ['build', 'test'] %}
        {% do return('') %}
    {% endif %}
    {% set statuses = {} %}
    {% set outdated = [] %}
    {% for result in results if result.node.resource_type == 'test' %}
        {% do statuses.update({result.node.unique_id: result.status | string}) %}
        {% if result.status not in ['pass', 'skipped'] %}
            {% do outdated.append(sql_text(result.node.unique_id)) %}
        {% endif %}
    {% endfor %}
    {% set noted = {'tables': [], 'tests': []} %}
    {% if flags.WHICH == 'build' %}
        {% set noted = ask_program('tests_noted', {'run_id': invocation_id, 'statuses': statuses}) %}
    {% endif %}
    {% set passed = [] %}
    {% for test in noted.tests %}
        {% do outdated.append(sql_text(test.test)) %}
        {% do passed.append('(' ~ sql_text(test.test) ~ ', ' ~ sql_text(test.passed_on) ~ ')') %}
    {% endfor %}
    {% if outdated and load_built_relation('passed_tests') is not none %}
        {% do run_query('delete from ' ~ passed_tests_relation() ~ ' where test in (' ~ outdated | join(', ') ~ ')') %}
    {% endif %}
    {% if passed %}
        {% do run_query('insert into ' ~ passed_tests_relation() ~ ' (test, passed_on) values ' ~ passed | join(', ')) %}
    {% endif %}
    {% set rows = [] %}
    {% for note in noted.tables %}
        {% do rows.append('(' ~ [
            sql_text(note.schema_name), sql_text(note.table_name),
            'cast(null as bigint)' if note.tests_passed is none else note.tests_passed
        ] | join(', ') ~ ')') %}
    {% endfor %}
    {% if rows %}
        {% do run_query(update_of_tests_noted(rows)) %}
    {% endif %}
{% endmacro %}


{#- Notes the numbers of tests of several tables at once; each row is a list of SQL literals. -#}
{% macro update_of_tests_noted(rows) -%}
    {{ return(adapter.dispatch('update_of_tests_noted', 'footfall')(rows)) }}
{%- endmacro %}

{% macro default__update_of_tests_noted(rows) -%}
    update {{ versions_relation() }} as noted
    set tests_passed = found.tests_passed
    from (values {{ rows | join(', ') }}) as found (schema_name, table_name, tests_passed)
    where noted.schema_name = found.schema_name and noted.table_name = found.table_name
{%- endmacro %}

{% macro spark__update_of_tests_noted(rows) -%}
    merge into {{ versions_relation() }} as noted
    using (values {{ rows | join(', ') }}) as found (schema_name, table_name, tests_passed)
        on noted.schema_name = found.schema_name and noted.table_name = found.table_name
    when matched then update set noted.tests_passed = found.tests_passed
{%- endmacro %}
