{#- Stops a build in which a record of the user's own tables came again with other values, and nothing says which version
    is newer. It judges before rows are taken in. -#}
{% macro stop_at_changed_records() %}
    {% if not execute or flags.WHICH not in ['build', 'run'] or 'custom' not in record_sources()
        or load_built_relation('int_arrivals') is none %}
        {% do return('') %}
    {% endif %}
    {% set says = ['event_at', 'event_type', 'item_id', 'quantity', 'unit_price', 'amount', 'currency'] %}
    {% set told = prefixed('arrivals', delivery_columns()) | join(', ') %}
    {#- A refund that staging has made of a column of an order file. -#}
    {% set is_made = "arrivals.event_type = 'refund' and arrivals.event_id like '%-refund'" %}
    {% set query -%}
    with arrivals as (
        {{ pending_arrivals(told ~ ', arrivals.reason', on_every_build=true) }}
            and arrivals.source = 'custom'
            and arrivals.reason is null
    ),
    several as (
        select event_id, received_at from arrivals group by event_id, received_at having count(*) > 1
    ),
    changed as (
        select
            arrivals.event_id,
            {{ changed_columns(says, is_made, 'min(arrivals.<>) is distinct from max(arrivals.<>)', 'max') }} as changes
        from arrivals
        inner join several on arrivals.event_id = several.event_id and arrivals.received_at = several.received_at
        group by arrivals.event_id, arrivals.received_at
        having count(distinct {{ delivery_digest('arrivals') }}) > 1
        {%- if has_earlier_run('int_accepted_events') %}
        union
        select
            arrivals.event_id,
            {{ changed_columns(says, is_made, 'arrivals.<> is distinct from accepted.<>') }} as changes
        from arrivals
        inner join {{ earlier_run('int_accepted_events') }} as accepted
            on {{ event_key('arrivals') }} = accepted.event_id
            and accepted.source = 'custom'
            and accepted.received_at = arrivals.received_at
        where (
            false
            {%- for column in says %}
            or arrivals.{{ column }} is distinct from accepted.{{ column }}
            {%- endfor %}
        )
        -- What an order has given back in all may grow: the larger sum is the newer one.
        and not (
            {{ is_made }}
            and arrivals.amount < accepted.amount
            {%- for column in says if column != 'amount' %}
            and arrivals.{{ column }} is not distinct from accepted.{{ column }}
            {%- endfor %}
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
