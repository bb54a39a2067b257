{#- What a person wants to know when a build is over: the marts, the proof, and where to look next. -#}
{% macro print_summary(results) %}
    {% if not execute or flags.WHICH != 'build' or not results %}
        {% do return('') %}
    {% endif %}
    {% set lines = [] %}
    {% do summarise_marts(lines) %}
    {% do summarise_rows(lines) %}
    {% do summarise_restatements(lines) %}
    {% do summarise_scores(lines) %}
    {% if keys_can_be_guessed() %}
        {% do lines.append('') %}
        {% do lines.append(
            '  Customer keys are made with the public demo key, so anyone can undo them: set '
            ~ 'DBT_ENV_SECRET_FOOTFALL_KEY (README, Secrets).'
        ) %}
    {% endif %}
    {% set shortfall = describe_shortfall(results) %}
    {% if shortfall is not none %}
        {% do lines.append('') %}
        {% do lines.append(
            '  ' ~ shortfall ~ '; the messages stand below. Marts that were not made are as the last run left them.'
        ) %}
    {% endif %}
    {% do log('\n' ~ lines | join('\n') ~ '\n', info=True) %}
{% endmacro %}


{#- What did not succeed, counted in the same words wherever it is reported. None if everything did. -#}
{% macro describe_shortfall(results) %}
    {% set ended = [] %}
    {% for result in results %}
        {% do ended.append({'name': result.node.name, 'status': result.status | string}) %}
    {% endfor %}
    {% do return(ask_program('describe_shortfall', {'results': ended})) %}
{% endmacro %}


{% macro summarise_marts(lines) %}
    {% do lines.append('  Marts' ~ ' ' * 38 ~ 'rows') %}
    {% set marts = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('fqn.1', 'equalto', 'marts')
        | sort(attribute='name') | list %}
    {#- In the order in which people read them; a folder that is not listed comes last. -#}
    {% set folders = ['journey', 'customers', 'recommendation', 'churn', 'value', 'intent'] %}
    {% set others = marts | map(attribute='fqn.2') | unique | reject('in', folders) | list %}
    {% for name in folders_in_order(marts, folders + others) %}
        {% set mart = load_built_relation(name, folder='marts') %}
        {% if mart is not none %}
            {% set row_count = run_query('select count(*) from ' ~ mart).columns[0].values()[0] %}
            {% do lines.append('    %-30s %12s' | format(name, '{:,}'.format(row_count | int))) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- The names of marts, folder by folder. -#}
{% macro folders_in_order(marts, folders) %}
    {% set names = [] %}
    {% for folder in folders %}
        {% do names.extend(marts | selectattr('fqn.2', 'equalto', folder) | map(attribute='name')) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{% macro summarise_rows(lines) %}
    {% set accounting = load_built_relation('int_row_accounting') %}
    {% if accounting is not none %}
        {% do lines.append('') %}
        {% for row in run_query('select * from ' ~ accounting ~ ' order by source') %}
            {% do lines.append(
                '  Raw rows of %s: %s = %s accepted + %s duplicate + %s rejected' | format(
                    row[0], '{:,}'.format(row[1] | int), '{:,}'.format(row[2] | int), '{:,}'.format(row[3] | int),
                    '{:,}'.format(row[4] | int)
                )
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- Each score by its leading metric, beside the best of its baselines on the same customers. -#}
{% macro summarise_scores(lines) %}
    {% set evaluation = load_built_relation('model_evaluation', folder='marts') %}
    {% if evaluation is none %}
        {% do return('') %}
    {% endif %}
    {% set comparison %}
        with leading_metrics as (
            select *, metric in ('mae', 'rmse', 'brier') as is_less_better
            from {{ evaluation }}
            where (score, metric) in (
                ('recommendations', 'ndcg_10'), ('churn', 'auc'), ('churn', 'brier'), ('value', 'mae'),
                ('value', 'rmse'), ('value', 'gini'), ('tier', 'macro_f1'), ('intent', 'auc')
            ) and population in ('all', 'all items', 'new items only', 'in session, after 3 events')
            -- Of several cut-offs the newest speaks.
            qualify cutoff_date = max(cutoff_date) over (partition by score, population, horizon_days)
        ),
        ours as (select * from leading_metrics where model = 'attention_scorer'),
        best as (
            select *, row_number() over (
                partition by score, population, horizon_days, metric
                order by case when is_less_better then metric_value else -metric_value end
            ) as place
            from leading_metrics
            where is_baseline and metric_value is not null
        )
        select ours.score, ours.population, ours.horizon_days, ours.cutoff_date, ours.metric, ours.metric_value,
            best.model, best.metric_value
        from ours
        left join best
            on ours.score = best.score and ours.population = best.population
            and ours.horizon_days = best.horizon_days and ours.metric = best.metric and best.place = 1
        order by 1, 2, 3, 5
    {% endset %}
    {% set rows = run_query(comparison) %}
    {% do lines.append('') %}
    {% if rows | length == 0 %}
        {% do lines.append('  Scores: no horizon has closed yet, so there is nothing to judge them by.') %}
        {% do return('') %}
    {% endif %}
    {% do lines.append('  Scores, judged on days they never saw               ours    best baseline (brier, mae, rmse: less is better)') %}
    {% for row in rows %}
        {% set what = 'intent in session, after 3 events' if row[0] == 'intent' else row[0] ~ ', ' ~ row[2] ~ ' d' ~ (', new items' if row[1] == 'new items only' else '') %}
        {% do lines.append('    %-36s %-9s %9.3f  %9.3f  %s' | format(
            what, row[4], row[5] if row[5] is not none else 0, row[7] if row[7] is not none else 0, row[6] or ''
        )) %}
    {% endfor %}
{% endmacro %}
