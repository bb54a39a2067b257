{#- Labels of fraud on the rows of the user's own files. -#}

{#- Notes on a label of fraud that cannot be read, and on a time of one that says nothing. -#}
{% macro custom_label_notes(clean) %}
    {% set notes = lost_value_notes(
        'is_fraud', clean.is_fraud, boolean_value(clean.is_fraud),
        'neither a known yes (var words_for_yes) nor a known no, so no label', example=true
    ) %}
    {% if clean.labelled_at is not none %}
        {% do notes.append({
            'column': 'labelled_at', 'reason': "'no is_fraud, so it labels nothing'", 'example': none,
            'when': '(' ~ text_value(clean.labelled_at) ~ ' is not null and ' ~ text_value(clean.is_fraud) ~ ' is null)'
        }) %}
    {% endif %}
    {% do return(notes) %}
{% endmacro %}


{#- What files with labels have besides the columns of the contract, as names; none of other files. -#}
{% macro custom_label_names(found) %}
    {% do return([] if found.is_fraud is none else ['is_fraud', 'labelled_at', 'label_problem']) %}
{% endmacro %}


{#- The same as columns: the label, its time, and why that cannot be read. -#}
{% macro custom_label_columns(clean) -%}
    {%- if custom_label_names(clean) %}
        {{ boolean_value(clean.is_fraud) }} as is_fraud,
        {{ time_value(clean.labelled_at) }} as labelled_at,
        {{ time_problem('labelled_at', clean.labelled_at) }} as label_problem,
    {%- endif -%}
{%- endmacro %}


{#- Whether the user's events have labels of fraud, by the columns of their base model. -#}
{% macro custom_has_labels(base_events) %}
    {% if not execute %}
        {% do return(false) %}
    {% endif %}
    {% do return('is_fraud' in adapter.get_columns_in_relation(base_events) | map(attribute='name') | list) %}
{% endmacro %}


{#- Labels of fraud on the rows of payments or orders, as staged events: they are found out later than the row, and arrive
    when they are. One without a time of its own is dated like its row. A no without a time says no more than the row, and
    is no event. Nothing where files have no labels. -#}
{% macro and_custom_labels(rows) -%}
    {%- if custom_has_labels(ref('base_custom__events')) %}

    union all

    {{ custom_labels(rows) }}
    {%- endif -%}
{%- endmacro %}

{% macro custom_labels(rows) -%}
    {%- set label = {
        'event_id': "event_id || case when is_fraud then '-chargeback' else '-chargeback-reversed' end",
        'event_at': 'coalesce(labelled_at, event_at)',
        'received_at': 'case when labelled_at > received_at then labelled_at else received_at end',
        'sequence_no': 'cast(null as bigint)',
        'event_type': "case when is_fraud then 'chargeback' else 'chargeback_reversed' end",
        'labelled_event_id': 'event_id',
        'properties': json_of({'source_event_name': "'is_fraud'"}),
        'rejection': "coalesce(label_problem, case when labelled_at < event_at then 'labelled_at is before event_at' end)",
        'value_notes': value_notes([{
            'column': 'is_fraud', 'example': none, 'when': '(true)',
            'reason': "'a label of its own, which is one row more than the files have'"
        }, {
            'column': 'labelled_at', 'example': none, 'when': '(labelled_at is null)',
            'reason': "'none, so the label counts when its row arrived, at the earliest after risk_label_delay_days'"
        }])
    } -%}
    {%- for name in ['quantity', 'unit_price', 'amount', 'listed_amount'] -%}
        {%- do label.update({name: 'cast(null as double)'}) -%}
    {%- endfor -%}
    {%- for name in ['item_id', 'currency', 'session_hint', 'channel', 'device', 'country', 'message_text']
        + visit_columns() + payment_columns() if name not in label -%}
        {%- do label.update({name: 'cast(null as string)'}) -%}
    {%- endfor -%}
    select
        {{ custom_staged_columns(rows, label) }}
    from {{ rows }}
    where rejection is null
        and is_fraud is not null
        and (is_fraud or labelled_at is not null or label_problem is not null)
{%- endmacro %}
