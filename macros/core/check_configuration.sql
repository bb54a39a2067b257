{#- Stops a run whose vars contradict each other or are unknown, naming the var and the fix. -#}
{% macro check_configuration() %}
    {% if not execute or flags.WHICH not in ['build', 'run', 'test', 'seed', 'snapshot'] %}
        {% do return('') %}
    {% endif %}

    {% set problems = [] %}
    {% do problems.extend(unknown_var_problems()) %}
    {% do problems.extend(source_problems()) %}
    {% do problems.extend(file_problems()) %}
    {% do problems.extend(number_problems()) %}
    {% do stop_at(problems) %}
    {% if keys_can_be_guessed() %}
        {% do exceptions.warn(
            'Customer keys are made with the public demo key: anyone can turn them back into customer ids. '
            ~ 'Set DBT_ENV_SECRET_FOOTFALL_KEY to a secret of your own before you use real data.'
        ) %}
    {% endif %}
{% endmacro %}


{#- Whether real customers have keys that are made with the key of this repository, which everybody knows. -#}
{% macro keys_can_be_guessed() %}
    {% do return(
        enabled_sources() != ['storefront']
        and run_query("select getvariable('footfall_key_is_demo')").columns[0].values()[0]
    ) %}
{% endmacro %}


{% macro stop_at(problems) %}
    {% if problems %}
        {% do exceptions.raise_compiler_error(
            'Configuration check: ' ~ problems | length ~ ' problem(s)\n  - ' ~ problems | join('\n  - ')
        ) %}
    {% endif %}
{% endmacro %}


{% macro known_sources() %}
    {% do return(['storefront', 'complete_journey', 'online_retail', 'ga4', 'snowplow', 'segment', 'custom']) %}
{% endmacro %}


{#- Every var of the project with the kind of value it takes. A new var is added here and in dbt_project.yml. -#}
{% macro known_vars() %}
    {% do return({
        'footfall_source': 'source',
        'storefront_seed': 'whole', 'storefront_customers': 'positive', 'storefront_until': 'any',
        'complete_journey_path': 'any', 'online_retail_path': 'any', 'ga4_path': 'any',
        'snowplow_path': 'any', 'segment_path': 'any',
        'custom_events_path': 'any', 'custom_events_relation': 'any', 'custom_columns': 'any',
        'custom_event_names': 'any', 'custom_keep_identical_rows': 'boolean', 'custom_items_path': 'any',
        'custom_customers_path': 'any', 'custom_reviews_path': 'any',
        'earliest_event_date': 'date', 'future_tolerance_minutes': 'whole',
        'reporting_currency': 'any',
        'session_gap_minutes': 'positive', 'session_max_minutes': 'positive',
        'session_cut_at_midnight': 'boolean', 'session_cut_at_campaign_change': 'boolean',
        'engaged_max_pause_seconds': 'positive', 'bot_min_events': 'positive', 'bot_max_seconds_per_event': 'positive',
        'pain_window_months': 'positive', 'pain_min_sessions': 'positive', 'slow_step_ratio': 'factor',
        'pain_false_discovery_rate': 'share',
        'funnel_window_days': 'positive', 'drop_off_window_days': 'positive', 'paths_kept': 'positive',
        'path_max_steps': 'positive', 'attribution_window_days': 'positive', 'attribution_half_life_days': 'positive',
        'attribution_counts_campaigns': 'boolean',
        'cutoff_months': 'positive', 'horizons_days': 'horizons',
        'value_horizons_days': 'horizons', 'vip_share': 'share', 'contact_cost': 'amount', 'save_rate': 'share',
        'intent_history_days': 'positive', 'intent_recent_days': 'positive', 'backtest_cutoffs': 'positive',
        'largest_skill_drop': 'share', 'gate_max_calibration_error': 'share', 'gate_min_total_ratio': 'share',
        'gate_max_total_ratio': 'amount', 'gate_max_age_days': 'positive', 'drift_warn': 'share', 'drift_fail': 'amount',
        'high_risk_probability': 'share', 'medium_risk_probability': 'share',
        'top_k': 'positive', 'allow_repeats': 'boolean', 'in_stock_only': 'boolean',
        'backtest_days': 'positive', 'scorer_as_of': 'date or null', 'scorer_seed': 'whole', 'scorer_epochs': 'positive',
        'scorer_warm_epochs': 'positive', 'scorer_time_budget_seconds': 'positive', 'scorer_threads': 'whole',
        'scorer_full_after_days': 'whole', 'scorer_full_after_share': 'share', 'scorer_full_after_fall': 'share',
        'more_cutoff_dates': 'dates', 'lifecycle_at_risk_days': 'positive', 'lifecycle_lapsed_days': 'positive',
        'lifecycle_retained_order_days': 'positive', 'lifecycle_loyal_orders': 'positive',
        'segment_learned_on': 'date or null', 'segment_hysteresis': 'share',
        'contact_when_consent_is_unknown': 'boolean', 'gates_fail_the_build': 'boolean'
    }) %}
{% endmacro %}


{% macro unknown_var_problems() %}
    {% set declared = fromjson(query_value('select footfall_project_vars(' ~ sql_text(invocation_args_dict.project_dir) ~ ')')) %}
    {% set given = (invocation_args_dict.get('vars') or {}).keys() | list %}
    {% set problems = [] %}
    {% for name in (declared + given) | unique if name not in known_vars() %}
        {% do problems.append(
            "var '" ~ name ~ "' is unknown. The vars of the project are listed in dbt_project.yml: "
            ~ "correct the name, or remove it."
        ) %}
    {% endfor %}
    {% do return(problems) %}
{% endmacro %}


{% macro source_problems() %}
    {% set problems = [] %}
    {% set picked = enabled_sources() %}
    {% if target.database in ['main', 'temp', 'system'] %}
        {% do problems.append(
            "the warehouse file is called '" ~ target.database ~ "', a name that DuckDB keeps for itself: "
            ~ 'set FOOTFALL_DB to a file of another name.'
        ) %}
    {% endif %}
    {% if not picked %}
        {% do problems.append("var 'footfall_source' is empty: name at least one of " ~ known_sources() | join(', ') ~ '.') %}
    {% endif %}
    {% for name in picked if name not in known_sources() %}
        {% do problems.append(
            "var 'footfall_source' names '" ~ name ~ "', which is no source. Use one or a list of: "
            ~ known_sources() | join(', ') ~ '.'
        ) %}
    {% endfor %}
    {% set needed = {
        'online_retail': 'online_retail_path', 'ga4': 'ga4_path', 'snowplow': 'snowplow_path',
        'segment': 'segment_path'
    } %}
    {% if 'custom' in picked and not var('custom_events_path') and not var('custom_events_relation') %}
        {% do problems.append(
            "var 'custom_events_path' is not set, but footfall_source is 'custom': set it to the path of the events "
            ~ "(CSV or Parquet; with make: EVENTS=…), or custom_events_relation to a relation of the warehouse."
        ) %}
    {% endif %}
    {% set kinds = {
        'online_retail': 'CSV or Parquet', 'ga4': 'Parquet or JSON', 'snowplow': 'TSV, CSV or Parquet',
        'segment': 'JSON, CSV or Parquet'
    } %}
    {% for name in picked if name in needed and not var(needed[name]) %}
        {% do problems.append(
            "var '" ~ needed[name] ~ "' is not set, but footfall_source is '" ~ name
            ~ "': set it to the path of the file (" ~ kinds[name] ~ "; with make: FILE=…)."
        ) %}
    {% endfor %}
    {% do return(problems) %}
{% endmacro %}


{#- Files that this run is to read and that are not there. A run that reads no raw events does not need them. -#}
{% macro file_problems() %}
    {% set problems = [] %}
    {% if flags.WHICH not in ['build', 'run'] %}
        {% do return(problems) %}
    {% endif %}
    {% set read = {
        'complete_journey': ['complete_journey_path'], 'online_retail': ['online_retail_path'], 'ga4': ['ga4_path'],
        'snowplow': ['snowplow_path'], 'segment': ['segment_path'],
        'custom': ['custom_items_path', 'custom_customers_path', 'custom_reviews_path']
            + ([] if var('custom_events_relation') else ['custom_events_path'])
    } %}
    {% set staged = [] %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.unique_id in selected_resources %}
        {% do staged.append(node.fqn[2]) if node.fqn[1] == 'staging' %}
    {% endfor %}
    {% for source_name in enabled_sources() if source_name in staged %}
        {% for name in read.get(source_name, []) if var(name) is string and var(name) and '://' not in var(name) %}
            {% set files = var(name) ~ ('/transactions.parquet' if source_name == 'complete_journey' else '') %}
            {% if not query_value('select count(*) from ' ~ files_like(files)) %}
                {% do problems.append(no_file_problem(name, files)) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% do return(problems) %}
{% endmacro %}


{#- What is said of a var that names a file which is not there. -#}
{% macro no_file_problem(var_name, path) %}
    {% do return(
        "var '" ~ var_name ~ "' names '" ~ var(var_name) ~ "', and there is no file " ~ path
        ~ '. Paths are relative to the folder that dbt was started in.'
    ) %}
{% endmacro %}


{#- The files that a path or a pattern names, as a relation. -#}
{% macro files_like(pattern) %}
    {% do return(adapter.dispatch('files_like', 'footfall')(pattern)) %}
{% endmacro %}

{% macro duckdb__files_like(pattern) %}
    {% do return('glob(' ~ sql_text(pattern) ~ ')') %}
{% endmacro %}


{% macro number_problems() %}
    {% set problems = [] %}
    {% for name, kind in known_vars().items() %}
        {% set value = var(name) %}
        {% if kind in ('positive', 'whole') %}
            {% if value is boolean or value is not integer or value < (1 if kind == 'positive' else 0) %}
                {% do problems.append(
                    "var '" ~ name ~ "' is '" ~ value ~ "': it takes a whole number, "
                    ~ (1 if kind == 'positive' else 0) ~ ' or more.'
                ) %}
            {% endif %}
        {% elif kind == 'boolean' and value is not boolean %}
            {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes true or false.") %}
        {% elif kind == 'share' and (value is boolean or value is not number or value <= 0 or value >= 1) %}
            {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes a number between 0 and 1.") %}
        {% elif kind == 'amount' and (value is boolean or value is not number or value < 0) %}
            {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes a number, 0 or more.") %}
        {% elif kind == 'factor' and (value is boolean or value is not number or value <= 1) %}
            {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes a number above 1.") %}
        {% elif kind == 'date' and not modules.re.match('^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$', value | string) %}
            {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes a date such as 1990-01-01.") %}
        {% elif kind == 'date or null' and value and not modules.re.match('^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$', value | string) %}
            {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes a date such as 2026-01-01, or null.") %}
        {% elif kind == 'dates' %}
            {% set dates = value if value is sequence and value is not string else ['no list'] %}
            {% for day in dates if not modules.re.match('^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$', day | string) %}
                {% do problems.append(
                    "var '" ~ name ~ "' is '" ~ value ~ "': it takes a list of dates such as [2026-01-01]."
                ) if loop.first %}
            {% endfor %}
        {% elif kind == 'horizons' %}
            {% if value is string or value is not sequence or not value
                or value | select('integer') | select('gt', 0) | list | length != value | length %}
                {% do problems.append("var '" ~ name ~ "' is '" ~ value ~ "': it takes a list of days such as [30, 90].") %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {% if not problems %}
        {% if var('session_max_minutes') <= var('session_gap_minutes') %}
            {% do problems.append(
                "vars 'session_max_minutes' (" ~ var('session_max_minutes') ~ ") and 'session_gap_minutes' ("
                ~ var('session_gap_minutes') ~ ') contradict each other: the longest session must be longer than the gap.'
            ) %}
        {% endif %}
        {% if var('lifecycle_lapsed_days') <= var('lifecycle_at_risk_days') %}
            {% do problems.append(
                "vars 'lifecycle_at_risk_days' (" ~ var('lifecycle_at_risk_days') ~ ") and 'lifecycle_lapsed_days' ("
                ~ var('lifecycle_lapsed_days') ~ ') contradict each other: a customer is at risk before she has lapsed.'
            ) %}
        {% endif %}
        {% if var('lifecycle_retained_order_days') < 2 %}
            {% do problems.append(
                "var 'lifecycle_retained_order_days' is " ~ var('lifecycle_retained_order_days')
                ~ ': it takes 2 or more, because the first order day is conversion.'
            ) %}
        {% endif %}
        {% if var('lifecycle_loyal_orders') <= var('lifecycle_retained_order_days') %}
            {% do problems.append(
                "vars 'lifecycle_retained_order_days' (" ~ var('lifecycle_retained_order_days')
                ~ ") and 'lifecycle_loyal_orders' (" ~ var('lifecycle_loyal_orders')
                ~ ') contradict each other: a customer is retained before she is loyal, so set the first below the second.'
            ) %}
        {% endif %}
        {% if var('medium_risk_probability') >= var('high_risk_probability') %}
            {% do problems.append(
                "vars 'medium_risk_probability' (" ~ var('medium_risk_probability') ~ ") and 'high_risk_probability' ("
                ~ var('high_risk_probability') ~ ') contradict each other: medium must be below high.'
            ) %}
        {% endif %}
    {% endif %}
    {% do return(problems) %}
{% endmacro %}
