{#- The database sets out `int_arrivals`, staging and all, once more for each reader, which takes longer than to read a few
    rows. Few pending arrivals are therefore read once and kept in memory for the models of one run, where no file ever
    holds their raw ids; many are read again by each model. -#}

{#- At most so many rows are kept. -#}
{% macro few_arrivals() -%}
    {{ return(100000) }}
{%- endmacro %}


{#- Reads the arrivals of the pending days for the models of this run, where they are few and the database has a place for
    them. It is called by the first of these models, once the days are settled. -#}
{% macro keep_arrivals() %}
    {% if execute and flags.WHICH in ['build', 'run'] and model.resource_type == 'model' %}
        {% do adapter.dispatch('keep_arrivals', 'footfall')() %}
    {% endif %}
{% endmacro %}

{% macro default__keep_arrivals() %}{% endmacro %}

{% macro duckdb__keep_arrivals() %}
    {% do forget_arrivals() %}
    {% set row_count = query_value(
        'select coalesce(sum(raw_count), 0) from ' ~ ref('int_arrival_days') ~ ' where is_pending'
    ) %}
    {% if 0 < row_count <= few_arrivals() %}
        {% do run_query("attach ':memory:' as " ~ kept_database()) %}
        {% do run_query('create table ' ~ kept_table() ~ ' as ' ~ pending_arrivals(on_every_build=true)) %}
        {#- An orchestrator may run dbt several times in one process. -#}
        {% do run_query('comment on table ' ~ kept_table() ~ ' is ' ~ sql_text(invocation_id)) %}
    {% endif %}
{% endmacro %}


{#- Forgets them; the last model that reads arrivals is behind. -#}
{% macro forget_arrivals() %}
    {% if execute and flags.WHICH in ['build', 'run'] and model.resource_type == 'model' %}
        {% do adapter.dispatch('forget_arrivals', 'footfall')() %}
    {% endif %}
{% endmacro %}

{% macro default__forget_arrivals() %}{% endmacro %}

{% macro duckdb__forget_arrivals() %}
    {% do run_query('detach database if exists ' ~ kept_database()) %}
{% endmacro %}


{#- A database in memory that all connections of this process share. -#}
{% macro kept_database() -%}
    {{ return('footfall_run') }}
{%- endmacro %}


{% macro kept_table() -%}
    {{ return(kept_database() ~ '.main.arrivals') }}
{%- endmacro %}


{#- The relation that arrivals are read from: the ones kept, if this run has kept them and no day is missing among them,
    else `int_arrivals`. `missing_days` is a query of the days that a model reads and that are not kept. -#}
{% macro arrivals_from(missing_days='') -%}
    {%- set arrivals = ref('int_arrivals') -%}
    {%- if not execute or flags.WHICH not in ['build', 'run'] or model.resource_type != 'model' -%}
        {{ return(arrivals) }}
    {%- endif -%}
    {%- set kept = adapter.dispatch('kept_arrivals', 'footfall')() -%}
    {%- if kept is none or (missing_days and query_value('select count(*) from (' ~ missing_days ~ ') as missing')) -%}
        {{ return(arrivals) }}
    {%- endif -%}
    {{ return(kept) }}
{%- endmacro %}

{% macro default__kept_arrivals() -%}
    {{ return(none) }}
{%- endmacro %}

{% macro duckdb__kept_arrivals() -%}
    {%- set kept_count = query_value(
        "select count(*) from duckdb_tables() where database_name = '" ~ kept_database() ~ "' and table_name = 'arrivals'"
        ~ ' and comment = ' ~ sql_text(invocation_id)
    ) -%}
    {{ return(kept_table() if kept_count else none) }}
{%- endmacro %}


{#- The arrivals that this run has to read: on a full build all of them, otherwise the days that moved. The earliest of
    these days is written out as a time, so that older rows are passed over unread. A table that is rebuilt on every
    build reads the pending days, too. -#}
{% macro pending_arrivals(columns='arrivals.*', on_every_build=false) -%}
    {%- set arrival_days = ref('int_arrival_days') -%}
    {%- set reads_all = not (is_incremental() or on_every_build) -%}
    {%- set arrivals = arrivals_from(days_not_pending() if reads_all else '') -%}
    select {{ columns }}
    from {{ arrivals }} as arrivals
    {%- if arrivals == ref('int_arrivals') and not reads_all %}
    inner join {{ arrival_days }} as arrival_days
        on arrivals.source = arrival_days.source
        and arrivals.received_on = arrival_days.received_on
        and arrival_days.is_pending
    where arrivals.received_at >= {{ earliest_pending_time() }}
    {%- elif not reads_all %}
    where arrivals.received_at is not null
    {%- endif %}
{%- endmacro %}


{#- Days of arrival whose rows are not among the kept ones. -#}
{% macro days_not_pending() -%}
    select
        source,
        received_on
    from {{ ref('int_arrival_days') }}
    where not is_pending or received_on is null
{%- endmacro %}


{#- The arrivals of the days whose rows this run shows anew; on a full build all. -#}
{% macro arrivals_to_show() -%}
    {%- set missing_days -%}
    {%- if is_incremental() -%}
    select
        days.source,
        days.received_on
    from ({{ days_to_show() }}) as days
    left join {{ ref('int_arrival_days') }} as arrival_days
        on days.source = arrival_days.source
        and days.received_on = arrival_days.received_on
        and arrival_days.is_pending
    where arrival_days.source is null
    {%- else -%}
    {{ days_not_pending() }}
    {%- endif -%}
    {%- endset -%}
    {%- set arrivals = arrivals_from(missing_days) -%}
    select arrivals.*
    from {{ arrivals }} as arrivals
    {%- if is_incremental() and arrivals == ref('int_arrivals') %}
    inner join ({{ days_to_show() }}) as days
        on arrivals.source = days.source
        and arrivals.received_on = days.received_on
    where arrivals.received_at >= {{ earliest_time_to_show() }}
    {%- endif %}
{%- endmacro %}
