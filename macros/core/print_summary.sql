{#- What a person wants to know when a build is over; Python puts it in words (footfall.builds.summary). -#}
{% macro print_summary(results) %}
    {% if not execute or flags.WHICH != 'build' or not results %}
        {% do return('') %}
    {% endif %}
    {% set accounting = load_built_relation('int_row_accounting') %}
    {% set order_lines = load_built_relation('int_order_lines') %}
    {% set values = load_built_relation('int_value_accounting') %}
    {% set rules = load_built_relation('risk_rules', folder='marts') %}
    {% set evaluation = load_built_relation('model_evaluation', folder='marts') %}
    {% set lines = ask_program('describe_build', {
        'marts': counted_marts(),
        'accounting': text_rows('select ' ~ as_texts(
            [
                'source', 'raw_count', 'accepted_count', 'duplicate_count', 'superseded_count', 'rejected_count',
                'erased_count', 'expired_count'
            ]
        ) ~ ' from ' ~ accounting) if accounting is not none else [],
        'picked': enabled_sources() if accounting is not none else [],
        'guests': text_rows(
            'select ' ~ as_texts(['source', 'order_count', 'amount']) ~ ' from (select source, '
            ~ "count(distinct case when event_type = 'purchase' then order_key end) as order_count, "
            ~ 'round(coalesce(sum(amount), 0), 2) as amount from ' ~ order_lines
            ~ ' where visitor_no is null group by source) as guests'
        ) if order_lines is not none else [],
        'values': text_rows('select ' ~ as_texts(
            ['source', 'entity', 'column_name', 'reason', 'examples', 'value_count']
        ) ~ ' from ' ~ values) if values is not none else [],
        'unmet': text_rows(
            'select cast(max(shop_unmet_label_count) as string) as label_count, '
            ~ 'cast(max(shop_unmet_verdict_count) as string) as verdict_count from ' ~ rules
        ) if rules is not none else [],
        'restated': restated_rows(),
        'stale': stale_models(),
        'scores': text_rows('select ' ~ as_texts([
            'score', 'population', 'horizon_days', 'metric', 'cutoff_date', 'model', 'metric_value', 'is_baseline'
        ]) ~ ' from ' ~ evaluation) if evaluation is not none else none,
        'results': ended(results)
    }) %}
    {% do log('\n' ~ lines | join('\n') ~ '\n', info=True) %}
{% endmacro %}


{#- The marts that are there: folder, name and number of rows. -#}
{% macro counted_marts() %}
    {% set counts = [] %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.fqn[1] == 'marts' %}
        {% set mart = load_built_relation(node.name, folder='marts') %}
        {% if mart is not none %}
            {% do counts.append(
                'select ' ~ sql_text(node.fqn[2]) ~ ' as folder, ' ~ sql_text(node.name)
                ~ ' as mart, cast(count(*) as string) as row_count from ' ~ mart
            ) %}
        {% endif %}
    {% endfor %}
    {% do return(text_rows(counts | join(' union all ')) if counts else []) %}
{% endmacro %}


{#- The scores whose model in force may know somebody who was erased: score, since when, and until when, as texts. -#}
{% macro stale_models() %}
    {% set runs = load_built_relation('int_model_runs') %}
    {% if runs is none or not erasures() %}
        {% do return([]) %}
    {% endif %}
    {% do return(text_rows(
        'select ' ~ as_texts(['score', 'stale_since', 'retrain_due_at']) ~ ' from (select distinct score, stale_since, '
        ~ 'retrain_due_at from ' ~ runs ~ " where status = 'served' and stale_since is not null) as stale"
    )) %}
{% endmacro %}


{#- Columns as texts: what goes to Python is JSON, which has no dates. -#}
{% macro as_texts(columns) %}
    {% set texts = [] %}
    {% for column in columns %}
        {% do texts.append('cast(' ~ column ~ ' as string) as ' ~ column) %}
    {% endfor %}
    {% do return(texts | join(', ')) %}
{% endmacro %}


{#- How each node ended that a run got to, as Python takes it. -#}
{% macro ended(results) %}
    {% set found = [] %}
    {% for result in results %}
        {% do found.append({
            'unique_id': result.node.unique_id, 'name': result.node.name, 'status': result.status | string,
            'is_kept': 'KEPT' in [result.message, result.adapter_response.get('_message')]
        }) %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}
