{#- Whether anybody was erased: as long as nobody was, no model asks for more. Unit tests know their own rows alone. -#}
{% macro has_tombstones() %}
    {% if not execute or (model is defined and model.resource_type == 'unit_test') %}
        {% do return(false) %}
    {% endif %}
    {% do return(adapter.dispatch('has_tombstones', 'footfall')()) %}
{% endmacro %}

{% macro default__has_tombstones() %}
    {% do return(false) %}
{% endmacro %}

{% macro duckdb__has_tombstones() %}
    {% do return(ask_program('has_tombstones', {})) %}
{% endmacro %}


{#- The ids of erased people that the sources still hold, of the entities that this run has looked at, as a query. It is
    empty where the process does not know them: a view that is read by another program shows what staging shows. -#}
{% macro erased_ids(entity='events') -%}
    {%- do find_erased(entity) -%}
    {{ adapter.dispatch('erased_ids', 'footfall')() }}
{%- endmacro %}

{% macro default__erased_ids() -%}
    {%- set shape = [{
        'source': 'VARCHAR', 'kind': 'VARCHAR', 'raw_id': 'VARCHAR', 'identity_key': 'VARCHAR', 'identity_no': 'BIGINT',
        'erased_until': 'VARCHAR'
    }] %}
    select
        erased.source,
        erased.kind,
        erased.raw_id,
        erased.identity_key,
        erased.identity_no,
        {{ moment_of_text('erased.erased_until') }} as erased_until
    from (
        select unnest(from_json(
            cast(getvariable('footfall_erased') as json), {{ sql_text(tojson(shape)) }}
        )) as erased
    )
{%- endmacro %}

{% macro moment_of_text(expression) -%}
    cast({{ expression }} as {{ moment_type() }})
{%- endmacro %}


{#- Looks for ids of erased people in an entity of all sources, once a run, and lets this connection know them: those that
    are opened later do. -#}
{% macro find_erased(entity) %}
    {% if not execute or not has_tombstones() %}
        {% do return('') %}
    {% endif %}
    {% set relations = {} %}
    {% for source_name in enabled_sources() %}
        {% set name = 'stg_' ~ source_name ~ '__' ~ entity %}
        {% set staged = load_built_relation(name, 'staging') %}
        {% if staged is not none %}
            {% do relations.update({source_name: staged.render()}) %}
        {% endif %}
    {% endfor %}
    {% set keys = load_built_relation('int_identity_keys') %}
    {% set accepted = load_built_relation('int_accepted_events') %}
    {% do ask_program('find_erased', {
        'run_id': invocation_id, 'entity': entity, 'relations': relations,
        'keys_relation': none if keys is none else keys.render(),
        'accepted_relation': none if accepted is none else accepted.render()
    }) %}
    {% do run_query('set variable footfall_erased = footfall_erased_ids()') %}
{% endmacro %}


{#- Before a run that reads arrivals through a view of an earlier run: nobody else would look. -#}
{% macro settle_tombstones() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] or 'model.footfall.int_arrivals' in selected_resources %}
        {% do return('') %}
    {% endif %}
    {% do find_erased('events') %}
{% endmacro %}


{#- Last of all: copies of text files that hold an erased person do not stay. -#}
{% macro clear_copies_of_erased() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] or not has_tombstones() %}
        {% do return('') %}
    {% endif %}
    {% set removed = ask_program('clear_copies_of_erased', {}) %}
    {% if removed %}
        {% do log(
            'Text files hold people who were erased: ' ~ removed | join(', ') ~ '. They were kept out, and the copies of these '
            ~ 'files were removed; until they are gone from the files too, each build makes the copies again.', info=true
        ) %}
    {% endif %}
{% endmacro %}


{#- The joins that say whether a raw event is an erased person's, with `is_erased`: any with their customer id; without a
    customer id, those of their devices and session hints up to a moment; without any id, those of their orders. -#}
{% macro erased_joins(alias) -%}
    {%- if has_tombstones() -%}
    left join ({{ erased_ids() }}) as erased_customers
        on {{ alias }}.source = erased_customers.source
        and {{ alias }}.customer_id = erased_customers.raw_id
        and erased_customers.kind = 'customer'
    left join ({{ erased_ids() }}) as erased_devices
        on {{ alias }}.source = erased_devices.source
        and {{ alias }}.device_id = erased_devices.raw_id
        and erased_devices.kind = 'device'
        and {{ alias }}.customer_id is null
        and coalesce({{ alias }}.event_at, {{ alias }}.received_at) <= erased_devices.erased_until
    left join ({{ erased_ids() }}) as erased_sessions
        on {{ alias }}.source = erased_sessions.source
        and {{ alias }}.session_hint = erased_sessions.raw_id
        and erased_sessions.kind = 'session'
        and {{ alias }}.customer_id is null
        and {{ alias }}.device_id is null
        and coalesce({{ alias }}.event_at, {{ alias }}.received_at) <= erased_sessions.erased_until
    left join ({{ erased_ids() }}) as erased_orders
        on {{ alias }}.source = erased_orders.source
        and {{ alias }}.order_id = erased_orders.raw_id
        and erased_orders.kind = 'order'
        and {{ alias }}.customer_id is null
        and {{ alias }}.device_id is null
        and {{ alias }}.session_hint is null
    {%- endif -%}
{%- endmacro %}

{#- Whether a raw event is an erased person's, by those joins. -#}
{% macro is_erased() -%}
    {%- if has_tombstones() -%}
    coalesce(erased_customers.kind, erased_devices.kind, erased_sessions.kind, erased_orders.kind) is not null
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{#- The columns of raw events that those joins need besides others. -#}
{% macro columns_to_erase() %}
    {% do return(', customer_id, device_id, session_hint, order_id, event_at' if has_tombstones() else '') %}
{% endmacro %}


{#- A further condition: the row of a list is no erased customer's. -#}
{% macro and_not_erased(alias, entity) -%}
    {%- if has_tombstones() %}
        and not exists (
            select 1 from ({{ erased_ids(entity) }}) as erased
            where erased.kind = 'customer'
                and erased.source = {{ alias }}.source
                and erased.raw_id = {{ alias }}.customer_id
        )
    {%- endif -%}
{%- endmacro %}


{#- The accepted events that are an erased person's, as further requests to leave, with a `union`; nothing where nobody was
    erased. -#}
{% macro erased_events(accepted, relation=none) -%}
    {%- if has_tombstones() %}
    union
    select
        {{ accepted }}.source,
        {{ accepted }}.event_id,
        'erased' as reason
    from {{ relation ~ ' as ' ~ accepted if relation else accepted }}
    inner join ({{ erased_ids() }}) as erased
        on {{ accepted }}.source = erased.source
        and (
            (erased.kind = 'customer' and {{ accepted }}.customer_no = erased.identity_no)
            or (
                erased.kind = 'device'
                and {{ accepted }}.customer_no is null
                and {{ accepted }}.anonymous_no = erased.identity_no
                and {{ accepted }}.event_at <= erased.erased_until
            )
            or (
                erased.kind = 'session'
                and {{ accepted }}.customer_no is null
                and {{ accepted }}.anonymous_no is null
                and {{ accepted }}.session_hint = left(erased.identity_key, 32)
                and {{ accepted }}.event_at <= erased.erased_until
            )
            or (
                erased.kind = 'order'
                and {{ accepted }}.customer_no is null
                and {{ accepted }}.anonymous_no is null
                and {{ accepted }}.session_hint is null
                and {{ accepted }}.order_id = erased.identity_key
            )
        )
    where not exists (
        select 1 from {{ ref('int_withdrawal_requests') }} as asked
        where asked.event_id = {{ accepted }}.event_id and asked.source = {{ accepted }}.source
    )
    {%- endif -%}
{%- endmacro %}

{#- A further condition: an accepted event is not among the CTE `requests`, from which an erased person's are not missing. -#}
{% macro and_not_leaving(accepted) -%}
    {%- if has_tombstones() %}
        and not exists (
            select 1 from requests
            where requests.event_id = {{ accepted }}.event_id and requests.source = {{ accepted }}.source
        )
    {%- endif -%}
{%- endmacro %}


{#- Other people's deliveries of events that leave with an erased person: their place is free. As a further part of
    `unsettled_arrivals`. -#}
{% macro unsettled_by_erasure() -%}
    {%- if has_tombstones() %}

    union all
    select
        rejected.source,
        rejected.received_at
    from {{ earlier_run('int_rejected_rows') }} as rejected
    inner join (
        select accepted.source, accepted.event_id, 'none' as reason
        from {{ earlier_run('int_accepted_events') }} as accepted
        where false
        {{ erased_events('accepted', earlier_run('int_accepted_events')) }}
    ) as leaving
        on rejected.event_id = leaving.event_id
        and rejected.source = leaving.source
    where rejected.is_duplicate or rejected.outcome = 'superseded'
    {%- endif -%}
{%- endmacro %}


{#- How many rows of each day of arrival are accounted for as erased, by earlier runs. -#}
{% macro erased_days() -%}
    select
        source,
        {{ utc_date('received_at') }} as received_on,
        count(*) as erased_count
    from {{ earlier_run('int_rejected_rows') }}
    where reason = 'erased'
    group by source, {{ utc_date('received_at') }}
{%- endmacro %}
