{#- Stops a build in which a record of the user's own tables came again with other values, and nothing says which version
    is newer. It judges before rows are taken in. A line without an id of its own is known by what it says, and may bear
    another share of what its order says as a whole; so may one with an id whose order has got another line, or a row that
    stands for it. Columns that the contract does not know may change. -#}
{% macro stop_at_changed_records() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] or 'custom' not in record_sources()
        or load_built_relation('int_arrivals') is none %}
        {% do return('') %}
    {% endif %}
    {% set says = ['event_at', 'event_type', 'item_id', 'quantity', 'unit_price', 'amount', 'currency'] %}
    {% set told = prefixed('arrivals', delivery_columns()) | join(', ') %}
    {#- A refund that staging has made of a column of an order file. -#}
    {% set is_made = "arrivals.event_type = 'refund' and arrivals.event_id like '%-refund'" %}
    {% set has_made_id = "arrivals.event_id like '" ~ made_line_prefix() ~ "%'" %}
    {% set is_same_line -%}
    {%- for column in says if column not in ('amount', 'currency') %}
            {{ 'and ' if not loop.first }}arrivals.{{ column }} is not distinct from accepted.{{ column }}
    {%- endfor %}
            and (
                arrivals.currency is not distinct from accepted.currency
                or (accepted.currency is null and headed.order_id is not null)
            )
    {%- endset %}
    {% set query -%}
    with pending as (
        {{ pending_arrivals(told ~ ', arrivals.reason', on_every_build=true) }}
            and arrivals.source = 'custom'
            and (arrivals.reason is null or arrivals.reason = {{ sql_text(header_row_reason()) }})
    ),
    arrivals as (
        select * from pending where reason is null
    ),
    several as (
        select event_id, received_at from arrivals group by event_id, received_at having count(*) > 1
    ),
    {%- if has_earlier_run('int_accepted_events') %}
    keyed as (
        select arrivals.*, {{ event_key('arrivals') }} as event_key from arrivals
    ),
    -- Orders that have got a row which stands for them.
    headed as (
        select distinct pending.order_id
        from pending
        {%- if has_earlier_run('int_rejected_rows') %}
        left join {{ earlier_run('int_rejected_rows') }} as rejected
            on {{ event_key('pending') }} = rejected.event_id and rejected.source = 'custom'
        {%- endif %}
        where pending.reason is not null
            {{- ' and rejected.event_id is null' if has_earlier_run('int_rejected_rows') }}
    ),
    -- The same, and orders that have got a line.
    grown as (
        select order_id from headed
        union
        select keyed.order_id
        from keyed
        left join {{ earlier_run('int_accepted_events') }} as accepted
            on keyed.event_key = accepted.event_id and accepted.source = 'custom'
        where keyed.event_type = 'purchase' and keyed.order_id is not null and accepted.event_id is null
    ),
    {%- endif %}
    changed as (
        select
            arrivals.event_id,
            {{ changed_columns(says, is_made, 'min(arrivals.<>) is distinct from max(arrivals.<>)', 'max') }} as changes
        from arrivals
        inner join several on arrivals.event_id = several.event_id and arrivals.received_at = several.received_at
        group by arrivals.event_id, arrivals.received_at
        having count(distinct case when {{ has_made_id }} then cast(arrivals.amount as string) else {{ record_digest('arrivals') }} end)
            > 1
        {%- if has_earlier_run('int_accepted_events') %}
        union
        select
            arrivals.event_id,
            {{ changed_columns(says, is_made, 'arrivals.<> is distinct from accepted.<>') }} as changes
        from keyed as arrivals
        inner join {{ earlier_run('int_accepted_events') }} as accepted
            on arrivals.event_key = accepted.event_id
            and accepted.source = 'custom'
            and accepted.received_at = arrivals.received_at
        left join grown on arrivals.order_id = grown.order_id
        left join headed on arrivals.order_id = headed.order_id
        where not ({{ is_same_line }}
            and (
                arrivals.amount is not distinct from accepted.amount
                -- What an order has given back in all may grow: the larger sum is the newer one.
                or ({{ is_made }} and arrivals.amount < accepted.amount)
                or (
                    not ({{ is_made }})
                    and ({{ has_made_id }} or (grown.order_id is not null and arrivals.event_type = 'purchase'))
                )
            )
        )
        -- An old version says no more than that it was there.
        and not exists (
            select 1 from keyed as newer
            where newer.event_id = arrivals.event_id and newer.received_at > arrivals.received_at
        )
        {%- endif %}
    )
    select
        min(event_id) as event_id,
        cast(count(distinct event_id) as string) as record_count,
        {{ value_at_min('changes', 'event_id') }} as changes
    from changed
    having count(*) > 0
    {%- endset %}
    {% for found in text_rows(query) %}
        {% do ask_program('refuse_changed_records', {'example': found[0], 'record_count': found[1], 'columns': found[2]}) %}
    {% endfor %}
{% endmacro %}


{#- A digest of what a record says in the columns of the contract. -#}
{% macro record_digest(alias) -%}
    {%- set said = ['customer_id', 'device_id'] + (delivery_content()[1:] | reject('equalto', 'properties') | list) -%}
    {{ stable_digest([microseconds_of(alias ~ '.event_at')] + prefixed(alias, said)) }}
{%- endmacro %}


{#- SQL of the names of the columns in which versions of a record differ: `differs` is the condition, with <> for the name.
    Of a refund that was made of a column of an order file, those columns are named. -#}
{% macro changed_columns(says, is_made, differs, aggregate='') -%}
    {%- set names = [] -%}
    {%- for column in says -%}
        {%- do names.append('case when ' ~ differs.replace('<>', column) ~ ' then ' ~ sql_text(column) ~ ' end') -%}
    {%- endfor -%}
    coalesce(
                case when {{ aggregate }}({{ is_made }}) then 'order_refund or line_refund' end,
                nullif(concat_ws(', ', {{ names | join(', ') }}), ''),
                'further columns'
            )
{%- endmacro %}
