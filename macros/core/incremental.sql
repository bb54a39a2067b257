{#- A table that an earlier run left, or none: what a model may look back on without depending on it. -#}
{% macro load_built_relation(model_name, folder='intermediate') %}
    {% if not execute %}
        {% do return(none) %}
    {% endif %}
    {% do return(adapter.get_relation(
        database=target.database, schema=generate_schema_name(folder, none), identifier=model_name
    )) %}
{% endmacro %}


{#- What an earlier run left of a table that this run brings up to date after it has looked at it. It is declared as a
    source of the same name, so that the graph shows it. Ask `has_earlier_run` first. -#}
{% macro earlier_run(model_name) -%}
    {{ return(source('earlier_run', model_name)) }}
{%- endmacro %}


{#- Whether there is something of a table to look back on: not in a first run, nor when all is rebuilt. -#}
{% macro has_earlier_run(model_name) %}
    {% do return(execute and not flags.FULL_REFRESH and load_built_relation(model_name) is not none) %}
{% endmacro %}


{#- The currency that amounts are shown in, as a SQL literal; null when the shop has one and needs no rates. -#}
{% macro reporting_currency_literal() -%}
    {{ sql_text(var('reporting_currency')) if var('reporting_currency') else 'cast(null as string)' }}
{%- endmacro %}


{#- The earliest day of arrival that this run has to read; far ahead when there is none. -#}
{% macro earliest_pending_day() %}
    {% set arrival_days = load_built_relation('int_arrival_days') %}
    {% if arrival_days is none %}
        {% do return('1970-01-01') %}
    {% endif %}
    {% set earliest = run_query('select min(received_on) from ' ~ arrival_days ~ ' where is_pending').columns[0].values()[0] %}
    {% do return(earliest or '9999-01-01') %}
{% endmacro %}


{#- The same as a time in SQL: where it is written out, older rows are passed over unread. -#}
{% macro earliest_pending_time() -%}
    {{ moment(earliest_pending_day() ~ ' 00:00:00+00') }}
{%- endmacro %}


{#- The days of arrival whose rows this run shows anew: pending ones, and those of order lines that were decided about
    since the ledger was last written. Name int_arrival_days in a depends_on comment. -#}
{% macro days_to_show() -%}
    select
        source,
        received_on
    from {{ ref('int_arrival_days') }}
    where is_pending
    {%- if has_earlier_run('int_arrival_ledger') %}

    union

    select
        source,
        {{ utc_date('received_at') }} as received_on
    from {{ ref('int_order_decisions') }}
    where decided_at > {{ newest('batch_at', earlier_run('int_arrival_ledger')) }}
    {%- endif %}
{%- endmacro %}


{#- The earliest of them as a time, far ahead when there is none: where it is written out, older rows are passed over
    unread. -#}
{% macro earliest_time_to_show() -%}
    {%- set built = execute and load_built_relation('int_arrival_days') is not none
        and load_built_relation('int_order_decisions') is not none -%}
    {%- set earliest = query_value('select min(received_on) from (' ~ days_to_show() ~ ')') if built else '1970-01-01' -%}
    {{ moment((earliest or '9999-01-01') ~ ' 00:00:00+00') }}
{%- endmacro %}


{#- A 64-bit digest of columns, to distinguish equal rows from changed ones within one run. -#}
{% macro row_digest(columns) -%}
    {{ return(adapter.dispatch('row_digest', 'footfall')(columns)) }}
{%- endmacro %}

{% macro default__row_digest(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}


{#- A digest of values that is the same on every version of a database, as text: md5 over the values as text, each
    behind its length, so that no two rows with different values are written alike. A moment does not read the same
    everywhere: give it as `microseconds_of`. -#}
{% macro stable_digest(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(length(cast({{ column }} as string)) || ':' || cast({{ column }} as string), '-')
        {%- if not loop.last %} || {% endif %}
        {%- endfor %}
    )
{%- endmacro %}


{#- What an event says, apart from who and when received. -#}
{% macro delivery_content() %}
    {% do return([
        'event_at', 'sequence_no', 'event_type', 'item_id', 'order_id', 'quantity', 'unit_price', 'amount', 'listed_amount',
        'currency',
        'session_hint', 'channel'
    ] + visit_columns() + ['device', 'country'] + payment_columns() + ['source_event_id', 'message_text', 'properties']) %}
{% endmacro %}


{#- All that is taken over of a delivery that is accepted, raw ids included. -#}
{% macro delivery_columns() %}
    {% do return(['source', 'event_id', 'customer_id', 'device_id', 'received_at'] + delivery_content()) %}
{% endmacro %}


{#- Settles which of several deliveries that were received at the same moment is accepted, whatever order they came in:
    a digest of all that they say, raw ids included, so that deliveries of two customers are not a tie either. -#}
{% macro delivery_digest(alias) -%}
    {{ stable_digest([microseconds_of(alias ~ '.event_at')]
        + prefixed(alias, ['customer_id', 'device_id'] + delivery_content()[1:])) }}
{%- endmacro %}


{#- The order of deliveries of one event, the one that counts first: of an event the earliest received, of a record the
    newest version, which is received last. -#}
{% macro delivery_order(alias) -%}
    {%- if record_sources() %}
    case when {{ alias }}.source in {{ in_sources(record_sources()) }} then {{ alias }}.received_at end desc nulls last,
    {%- endif %}
    {{ alias }}.received_at, {{ delivery_digest(alias) }}
{%- endmacro %}


{#- When rows were received whose place has changed, though the count of their day has not. It reads the CTEs `moved_days`
    and `moved_arrivals` of `int_arrival_days`. -#}
{% macro unsettled_arrivals() -%}
    -- A late file may hold an earlier delivery of an event that is accepted already: the later one turns into a
    -- duplicate. Of a record the later one takes its place.
    select
        accepted.source,
        accepted.received_at
    from moved_arrivals
    inner join {{ earlier_run('int_accepted_events') }} as accepted
        on {{ event_key('moved_arrivals') }} = accepted.event_id
        and moved_arrivals.source = accepted.source
        and moved_arrivals.received_at < accepted.received_at
    where accepted.received_at >= (select min(received_on) from moved_days where is_moved)
    {%- if record_sources() %}

    union all
    select
        accepted.source,
        accepted.received_at
    from moved_arrivals
    inner join {{ earlier_run('int_accepted_events') }} as accepted
        on {{ event_key('moved_arrivals') }} = accepted.event_id
        and moved_arrivals.source = accepted.source
        and moved_arrivals.received_at > accepted.received_at
    where moved_arrivals.source in {{ in_sources(record_sources()) }}
    {%- endif %}

    -- An event is to leave, with all of its deliveries.
    union all
    select
        accepted.source,
        accepted.received_at
    from {{ earlier_run('int_accepted_events') }} as accepted
    inner join {{ ref('int_withdrawal_requests') }} as requests
        on accepted.event_id = requests.event_id
        and accepted.source = requests.source

    union all
    select
        rejected.source,
        rejected.received_at
    from {{ earlier_run('int_rejected_rows') }} as rejected
    inner join {{ ref('int_withdrawal_requests') }} as requests
        on rejected.event_id = requests.event_id
        and rejected.source = requests.source
    -- Those that left for a request have no more to do.
    where (rejected.is_duplicate or rejected.outcome = 'superseded')
        and rejected.reason not like 'withdrawn: %'
    {{ unsettled_by_age() }}

    -- A run broke off after it had withdrawn events and before their day was accounted for.
    union all
    select
        withdrawn.source,
        withdrawn.received_at
    from {{ earlier_run('int_withdrawn_events') }} as withdrawn
    inner join moved_days
        on withdrawn.source = moved_days.source
        and {{ utc_date('withdrawn.received_at') }} = moved_days.received_on
        and withdrawn.withdrawn_at > moved_days.batch_at
    {{ unsettled_by_erasure() }}
{%- endmacro %}


{#- Whether an arrival may take the place of the accepted event of its id: a delivery of before it, or one of the same
    moment where there are several. What a source writes again is compared with all that was read of a pending day. -#}
{% macro may_displace(arrivals, accepted, repeated) -%}
    (
            (
                {{ accepted }}.received_at >= {{ earliest_pending_time() }}
                and (
                    {{ arrivals }}.received_at < {{ accepted }}.received_at
                    or ({{ arrivals }}.received_at = {{ accepted }}.received_at and {{ repeated }}.event_id is not null)
                )
            )
            {%- if restated_sources() %}
            or exists (
                select 1 from {{ ref('int_arrival_days') }} as accepted_days
                where accepted_days.source = {{ accepted }}.source
                    and accepted_days.received_on = {{ utc_date(accepted ~ '.received_at') }}
                    and accepted_days.is_pending
                    and accepted_days.source in {{ in_sources(restated_sources()) }}
            )
            {%- endif %}
        )
{%- endmacro %}


{#- The accepted events that a pending day of theirs no longer holds, of sources that write again what they wrote before,
    as a further part of a query; nothing where there are no such sources. -#}
{% macro gone_events(accepted, arrivals, requests) -%}
    {%- if restated_sources() %}
    union all

    select
        {{ accepted }}.source,
        {{ accepted }}.event_id,
        'restated' as reason
    from {{ accepted }}
    inner join {{ ref('int_arrival_days') }} as arrival_days
        on {{ accepted }}.source = arrival_days.source
        and {{ utc_date(accepted ~ '.received_at') }} = arrival_days.received_on
        and arrival_days.is_pending
    left join {{ requests }}
        on {{ accepted }}.event_id = {{ requests }}.event_id
        and {{ accepted }}.source = {{ requests }}.source
    where {{ accepted }}.source in {{ in_sources(restated_sources()) }}
        and {{ accepted }}.received_at >= {{ earliest_pending_time() }}
        and {{ requests }}.event_id is null
        and not exists (
            select 1 from {{ arrivals }}
            where {{ arrivals }}.event_key = {{ accepted }}.event_id
                and {{ arrivals }}.source = {{ accepted }}.source
                and {{ arrivals }}.reason is null
        )
    {%- endif %}
{%- endmacro %}


{#- Whether a delivery says something else than the one that counts, of sources that write again what they wrote before:
    a condition on a relation that has `event_key`. -#}
{% macro is_old_version(alias) -%}
    (
            {{ alias }}.source in {{ in_sources(restated_sources()) }}
            and {{ delivery_digest(alias) }} <> first_value({{ delivery_digest(alias) }}) over (
                partition by {{ alias }}.source, {{ alias }}.event_key order by {{ delivery_order(alias) }}
            )
        )
{%- endmacro %}


{#- CTEs with the numbers of the raw ids of a CTE of arrivals. A key costs two hashes: made once for each id, not for
    each row. -#}
{% macro key_numbers(arrivals) -%}
customer_ids as (

    select distinct
        source,
        customer_id as raw_id
    from {{ arrivals }}
    where customer_id is not null

),

customer_keys as (

    select
        source,
        raw_id,
        {{ key_number(hmac_sha256("source || ':customer:' || raw_id")) }} as customer_no
    from customer_ids

),

device_ids as (

    select distinct
        source,
        device_id as raw_id
    from {{ arrivals }}
    where device_id is not null

),

device_keys as (

    select
        source,
        raw_id,
        {{ key_number(hmac_sha256("source || ':device:' || raw_id")) }} as anonymous_no
    from device_ids

)
{%- endmacro %}


{#- What is taken over of the deliveries of a CTE, under keys: `customer_no` and `anonymous_no` from the CTEs of
    `key_numbers`, and the keys of events, orders and sessions. From here on nothing holds a raw id. -#}
{% macro with_keys(deliveries) -%}
    select
        {%- for column in ['source', 'received_at', 'act_rank'] + delivery_content() %}
        {{ key_of_column('arrivals', column) }} as {{ column }},
        {%- endfor %}
        {{ event_key('arrivals') }} as event_id,
        customer_keys.customer_no,
        device_keys.anonymous_no
    from {{ deliveries }} as arrivals
    left join customer_keys
        on arrivals.customer_id = customer_keys.raw_id
        and arrivals.source = customer_keys.source
    left join device_keys
        on arrivals.device_id = device_keys.raw_id
        and arrivals.source = device_keys.source
{%- endmacro %}


{#- A column of a delivery, under its key where it is a raw id. -#}
{% macro key_of_column(alias, column) -%}
    {%- if column == 'order_id' -%}
    {{ order_key(alias) }}
    {%- elif column == 'session_hint' -%}
    {{ session_hint_key(alias) }}
    {%- elif column in token_kinds() -%}
    {{ token_key(alias, column) }}
    {%- elif column == 'source_event_id' -%}
    {{ source_event_key(alias) }}
    {%- else -%}
    {{ alias }}.{{ column }}
    {%- endif -%}
{%- endmacro %}


{#- The ids of arrivals, still raw, that were delivered more than once. Where all arrivals are read it is cheaper to count
    than to make a key of each. Name int_repeated_events in a depends_on comment. -#}
{% macro repeated_ids(arrivals) -%}
    {%- if is_incremental() %}
    select distinct
        {{ arrivals }}.source,
        {{ arrivals }}.event_id
    from {{ arrivals }}
    inner join {{ ref('int_repeated_events') }} as repeated
        on {{ event_key(arrivals) }} = repeated.event_id
        and {{ arrivals }}.source = repeated.source
    {%- else %}
    select
        source,
        event_id
    from {{ arrivals }}
    group by source, event_id
    having count(*) > 1
    {%- endif %}
{%- endmacro %}


{#- Column names behind the alias of their table. -#}
{% macro prefixed(alias, columns) %}
    {% set named = [] %}
    {% for column in columns %}
        {% do named.append(alias ~ '.' ~ column) %}
    {% endfor %}
    {% do return(named) %}
{% endmacro %}


{#- Incremental strategy: what was withdrawn since the table was last brought up to date leaves, and what arrived comes
    in. Where nothing was withdrawn the table is not searched; otherwise from the earliest of those rows on. -#}
{% macro get_incremental_take_in_and_out_sql(arg_dict) %}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set withdrawn -%}
    {{ ref('int_withdrawn_events') }} where withdrawn_at > {{ newest('loaded_at', target_relation) }}
    {%- endset -%}
    {%- set earliest = run_query('select min(received_at) from ' ~ withdrawn).columns[0].values()[0] -%}
    {% if earliest %}
    {{ delete_matching(target_relation, '(select source, event_id from ' ~ withdrawn ~ ')', 'withdrawn', [
        'target.event_id = withdrawn.event_id',
        'target.source = withdrawn.source',
        'target.received_at >= ' ~ moment(earliest.isoformat()),
    ]) }}
    {% endif %}

    {{ insert_by_name(target_relation, arg_dict['temp_relation']) }}
{% endmacro %}


{#- Incremental strategy: the arrival days that this run read again are replaced as a whole. -#}
{% macro get_incremental_replace_arrival_days_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], ref('int_arrival_days'), 'arrival_days', [
        'target.source = arrival_days.source',
        utc_date('target.received_at') ~ ' = arrival_days.received_on',
        'arrival_days.is_pending',
    ]) }}

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- Incremental strategy: the days that this run shows anew are replaced as a whole. -#}
{% macro get_incremental_replace_days_to_show_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], '(' ~ days_to_show() ~ ')', 'days', [
        'target.source = days.source',
        utc_date('target.received_at') ~ ' = days.received_on',
    ]) }}

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- The newest time in a table that an earlier run left; long ago when that run found nothing to put there. -#}
{% macro newest(column, relation) -%}
    (select coalesce(max({{ column }}), {{ moment('1900-01-01 00:00:00+00') }}) from {{ relation }})
{%- endmacro %}


{#- The moment of this run as rows are stamped with it: later than all that is given, pairs of column and relation, even
    when the clock is behind an earlier run. -#}
{% macro later_than_all(stamps) -%}
    greatest(
            {{ moment(run_started_at.isoformat()) }}
            {%- for column, relation in stamps %},
            {{ dbt.dateadd('microsecond', 1, newest(column, relation)) }}
            {%- endfor %}
        )
{%- endmacro %}


{#- The newest moment at which events arrived or left: what speaks of them is as new as that; with a log of decisions, as
    new as the newest of these. Later than all that is given in `after`, pairs of column and relation. -#}
{% macro newest_move(decisions=none, after=[]) -%}
    greatest(
            {{ newest('loaded_at', ref('int_accepted_events')) }},
            {{ newest('withdrawn_at', ref('int_withdrawn_events')) }}
            {%- if decisions %},
            {{ newest('decided_at', decisions) }}
            {%- endif %}
            {%- for column, relation in after %},
            {{ dbt.dateadd('microsecond', 1, newest(column, relation)) }}
            {%- endfor %}
        )
{%- endmacro %}


{#- The devices of withdrawn events that knew a customer on them: whom they belong to has to be found again. -#}
{% macro devices_to_link_again() -%}
    select distinct anonymous_no
    from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ newest('loaded_at', this) }}
        and anonymous_no is not null
        and customer_no is not null
{%- endmacro %}


{#- The devices that have another owner since a moment, or may have none any more. -#}
{% macro devices_linked_anew(since) -%}
    select anonymous_no
    from {{ ref('int_identity_links') }}
    where loaded_at > {{ since }}

    union

    select anonymous_no
    from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ since }}
        and anonymous_no is not null
        and customer_no is not null
{%- endmacro %}


{#- The visitors of order lines that were decided about since a log of touched visitors was written, and of refunds without
    an amount of the orders that a line has come to or left since then: what those give back follows from the order,
    whoever bought it. `stitched` and `accepted` are CTEs of the events that count, and of all. -#}
{% macro decided_histories(stitched, accepted) -%}
    {%- set decisions = ref('int_order_decisions') -%}
    {%- set since = newest('batch_at', this) -%}
    select
        coalesce(decided.customer_no, links.customer_no, decided.anonymous_no) as visitor_no,
        min(decided.event_at) as touched_from,
        max(decided.event_at) as left_until
    from (
        select
            accepted.customer_no,
            accepted.anonymous_no,
            accepted.event_at
        from {{ decisions }} as decisions
        inner join {{ ref('int_accepted_events') }} as accepted
            on decisions.event_id = accepted.event_id
            and decisions.source = accepted.source
        where decisions.decided_at > {{ since }}
        union all
        -- What names an order alone, of whoever it was and is.
        select
            owners.customer_no,
            owners.anonymous_no,
            owners.event_at
        from {{ decisions }} as decisions
        inner join {{ decisions }} as owners
            on decisions.event_id = owners.event_id
            and decisions.source = owners.source
        where decisions.decided_at > {{ since }}
    ) as decided
    left join {{ ref('int_identity_links') }} as links
        on decided.anonymous_no = links.anonymous_no
        and decided.customer_no is null
    where coalesce(decided.customer_no, decided.anonymous_no) is not null
    group by coalesce(decided.customer_no, links.customer_no, decided.anonymous_no)

    union all

    select
        refunds.visitor_no,
        min(refunds.event_at) as touched_from,
        cast(null as {{ moment_type() }}) as left_until
    from {{ stitched }} as refunds
    inner join ({{ touched_orders(accepted, since) }}) as touched_orders on refunds.order_id = touched_orders.order_id
    where refunds.event_type = 'refund'
        and refunds.amount is null
        and refunds.visitor_no is not null
    group by refunds.visitor_no
{%- endmacro %}


{#- Incremental strategy: links are replaced, and those are gone that nothing speaks for any more. -#}
{% macro get_incremental_replace_links_sql(arg_dict) %}
    delete from {{ arg_dict['target_relation'] }}
    where anonymous_no in (select anonymous_no from {{ arg_dict['temp_relation'] }})
        or anonymous_no in ({{ devices_to_link_again() }});

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- Whose history moved since this table was built. -#}
{% macro touched_since_last_build() -%}
    select
        visitor_no,
        min(touched_from) as touched_from,
        max(left_until) as left_until
    from {{ ref('int_touched_visitors') }}
    where batch_at > {{ newest('loaded_at', this) }}
    group by visitor_no
{%- endmacro %}


{#- What this table has to compute again: the touched visitors, from the start of the session that the change falls
    into. Everything before that start is settled: a later event can only join a session or open a new one. -#}
{% macro touched_windows() -%}
    select
        touched.visitor_no,
        coalesce(max(standing.session_started_at), min(touched.touched_from)) as recompute_from
    from ({{ touched_since_last_build() }}) as touched
    left join {{ this }} as standing
        on touched.visitor_no = standing.visitor_no
        and standing.session_started_at <= touched.touched_from
    group by touched.visitor_no
{%- endmacro %}


{#- Incremental strategy: the sessions of touched visitors are replaced as a whole, including those that are gone. -#}
{% macro get_incremental_replace_touched_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], '(' ~ touched_windows() ~ ')', 'windows', [
        'target.visitor_no = windows.visitor_no',
        'target.session_started_at >= windows.recompute_from',
    ]) }}

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- The same for a table that has public keys. -#}
{% macro touched_public_windows() -%}
    select
        touched.visitor_no,
        keys.identity_key as visitor_key,
        coalesce(max(standing.started_at), min(touched.touched_from)) as recompute_from
    from ({{ touched_since_last_build() }}) as touched
    inner join {{ ref('int_identity_keys') }} as keys on touched.visitor_no = keys.identity_no
    left join {{ this }} as standing
        on keys.identity_key = standing.visitor_key
        and standing.started_at <= touched.touched_from
    group by touched.visitor_no, keys.identity_key
{%- endmacro %}


{#- Incremental strategy: the sessions of touched visitors are replaced, under public keys. -#}
{% macro get_incremental_replace_sessions_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], '(' ~ touched_public_windows() ~ ')', 'windows', [
        'target.visitor_key = windows.visitor_key',
        'target.started_at >= windows.recompute_from',
    ]) }}

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- The latest that a session can have ended before a moment and have been one with what follows. A change may cut such a
    session in two, or take its end away: what is left of it has changed as well. -#}
{% macro a_gap_before(moment) -%}
    {{ dbt.dateadd('minute', -var('session_gap_minutes'), moment) }}
{%- endmacro %}


{#- The days that a table of customer days has to compute again: from the day on which the session began that the
    change falls into, or that it was cut from. -#}
{% macro touched_days() -%}
    select
        touched.visitor_no,
        coalesce(min(sessions.started_on), {{ shop_day_of('min(touched.touched_from)') }}) as touched_on
    from ({{ touched_since_last_build() }}) as touched
    left join {{ ref('int_sessions') }} as sessions
        on touched.visitor_no = sessions.visitor_no
        and sessions.session_started_at <= touched.touched_from
        and sessions.ended_at >= {{ a_gap_before('touched.touched_from') }}
    group by touched.visitor_no
{%- endmacro %}


{#- Incremental strategy: the touched days of touched customers are replaced as a whole. -#}
{% macro get_incremental_replace_touched_days_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], '(' ~ touched_days() ~ ')', 'touched', [
        'target.customer_no = touched.visitor_no',
        'target.active_on >= touched.touched_on',
    ]) }}

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- What a table by visitor and month has to compute again: the touched visitors, from the month in which the session
    began that the change falls into. `reach_days` in the meta of a model goes back so many days further: what it shows
    of a session takes in what follows within them. -#}
{% macro touched_visitor_months() -%}
    {%- set reach_days = (config.get('meta') or {}).get('reach_days', 0) -%}
    select
        visitor_no,
        cast({{ dbt.date_trunc('month', dbt.dateadd('day', -reach_days, 'touched_on')) }} as date) as from_month
    from ({{ touched_days() }})
{%- endmacro %}


{#- Incremental strategy: the touched months of touched visitors are replaced as a whole. -#}
{% macro get_incremental_replace_visitor_months_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], '(' ~ touched_visitor_months() ~ ')', 'touched', [
        'target.visitor_no = touched.visitor_no',
        'target.period_month >= touched.from_month',
    ]) }}

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- Incremental strategy: rows of touched customers are replaced at the cut-offs after the touched day; cut-offs that are
    no longer looked at go. -#}
{% macro get_incremental_replace_customers_and_cutoffs_sql(arg_dict) %}
    {{ delete_matching(arg_dict['target_relation'], '(' ~ touched_days() ~ ')', 'touched', [
        'target.customer_no = touched.visitor_no',
        'target.cutoff_date > touched.touched_on',
    ]) }}

    delete from {{ arg_dict['target_relation'] }}
    where cutoff_date not in (select cutoff_date from {{ ref('int_cutoffs') }});

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- The months that a table by month has to compute again, oldest first, as SQL literals: those that hold a session of a
    touched visitor, from the moment that was touched on, and those that events left. Asked for beforehand and written
    out, so that a database need not read other months. A model may say in its meta how far what it shows of a session
    reaches:
    `reach_days`: what follows within so many days, sessions being told by their start. Then months so long before the
    day count too on which the session began that the change falls into.
    `tells_open_windows`: whether so many days have passed. Then months count too whose windows were open when the table
    was built.
    `reaches_next_session`: the session that follows. Then the session before the moment counts too. -#}
{% macro touched_months() -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set reach_days = meta.get('reach_days', 0) -%}
    {%- set nobody = ['cast(null as date)'] -%}
    {%- if not execute or not run_query('select 1 from (' ~ touched_since_last_build() ~ ') limit 1').rows -%}
        {%- do return(nobody) -%}
    {%- endif -%}
    {%- set months_query -%}
    select distinct months.period_month
    from (
        select
            touched.visitor_no,
            {% if meta.get('reaches_next_session') -%}
            coalesce(max(earlier.ended_at), min(touched.touched_from)) as touched_from
            {%- elif reach_days -%}
            {{ dbt.dateadd('day', -reach_days, 'min(touched.touched_on)') }} as touched_from
            {%- else -%}
            {{ a_gap_before('min(touched.touched_from)') }} as touched_from
            {%- endif %}
        from ({{ touched_days() if reach_days else touched_since_last_build() }}) as touched
        {% if meta.get('reaches_next_session') -%}
        left join {{ ref('int_sessions') }} as earlier
            on touched.visitor_no = earlier.visitor_no
            and earlier.ended_at < touched.touched_from
            and not earlier.is_bot
        {%- endif %}
        group by touched.visitor_no
    ) as touched
    inner join {{ ref('int_sessions') }} as sessions
        on touched.visitor_no = sessions.visitor_no
        and sessions.ended_at >= touched.touched_from
    inner join (
        select distinct {{ month_start('started_on') }} as period_month from {{ ref('int_sessions') }}
    ) as months
        on months.period_month >= {{ month_start('sessions.started_on') }}
        and months.period_month <= {{ shop_month_of('sessions.ended_at') }}
    {%- if meta.get('tells_open_windows') %}
    {%- set known_before = ref('int_sessions') ~ ' where loaded_at <= ' ~ newest('loaded_at', this) %}
    union
    select distinct {{ month_start('started_on') }} as period_month
    from {{ ref('int_sessions') }}
    where {{ month_start('started_on') }}
        >= (select {{ shop_month_of(dbt.dateadd('day', -reach_days, newest('ended_at', known_before))) }})
    {%- endif %}
    union
    -- Where events left there may be no session any more that would name the month.
    select distinct months.period_month
    from ({{ touched_since_last_build() }}) as touched
    inner join (
        select distinct {{ month_start('started_on') }} as period_month from {{ ref('int_sessions') }}
    ) as months
        on months.period_month >= {{ shop_month_of('touched.touched_from') }}
        and months.period_month <= {{ shop_month_of('touched.left_until') }}
    order by period_month
    {%- endset -%}
    {%- set months = [] -%}
    {%- for month in run_query(months_query).columns[0].values() -%}
        {%- do months.append(day(month)) -%}
    {%- endfor -%}
    {%- do return(months or nobody) -%}
{%- endmacro %}


{#- Incremental strategy: the touched months are replaced as a whole. -#}
{% macro get_incremental_replace_months_sql(arg_dict) %}
    delete from {{ arg_dict['target_relation'] }}
    where period_month in ({{ touched_months() | join(', ') }})
        or period_month not in (
            select {{ month_start('started_on') }} from {{ ref('int_sessions') }}
            where not is_bot
        );

    {{ insert_by_name(arg_dict['target_relation'], arg_dict['temp_relation']) }}
{% endmacro %}


{#- Deletes the rows of a table, called `target`, that match one of another: a relation, or a query in brackets, under a
    name of its own. -#}
{% macro delete_matching(target_relation, other, alias, conditions) -%}
    {{ return(adapter.dispatch('delete_matching', 'footfall')(target_relation, other, alias, conditions)) }}
{%- endmacro %}

{% macro default__delete_matching(target_relation, other, alias, conditions) -%}
    delete from {{ target_relation }} as target
    using {{ other }} as {{ alias }}
    where {{ conditions | join('\n        and ') }};
{%- endmacro %}

{% macro spark__delete_matching(target_relation, other, alias, conditions) -%}
    merge into {{ target_relation }} as target
    using {{ other }} as {{ alias }}
        on {{ conditions | join('\n        and ') }}
    when matched then delete;
{%- endmacro %}


{#- Puts the rows of one table into another, each column into that of the same name. -#}
{% macro insert_by_name(target_relation, temp_relation) -%}
    {{ return(adapter.dispatch('insert_by_name', 'footfall')(target_relation, temp_relation)) }}
{%- endmacro %}

{% macro default__insert_by_name(target_relation, temp_relation) -%}
    insert into {{ target_relation }} by name
    select * from {{ temp_relation }}
{%- endmacro %}
