{{ config(materialized='view') }}

-- What the card of each score says in figures, one row a score: the run in force, the newest back-test compared with
-- the best baseline, gates, and gaps between groups of customers. A score that has none of these has its row, too.
{%- set cards = [
    ('recommendations', 'recommendations', 'ndcg_10', 'all items'), ('churn', 'churn', 'auc', 'all'),
    ('value', 'value', 'gini', 'all'), ('tier', 'value', 'macro_f1', 'all'),
    ('intent', 'intent', 'auc', 'in session, after 3 events'), ('risk', 'risk', 'average_precision', 'all'),
    ('reviews', 'reviews', 'auc', 'all')
] %}
with

-- Of every score the run that makes it, the metric that leads, larger for better, and whom it stands for.
cards as (

    {%- for score, run, metric, population in cards %}
    {{ 'union all' if not loop.first }}
    select
        '{{ score }}' as score,
        '{{ run }}' as run_score,
        '{{ metric }}' as metric,
        '{{ population }}' as population
    {%- endfor %}

),

runs as (

    select
        score,
        {{ json_text('run', '$.run_id') }} as run_id,
        coalesce(
            {{ json_text('run', '$.cutoffs.production') }}, {{ json_text('run', '$.cutoff_date') }}
        ) as trained_until
    from {{ ref('int_model_runs') }}
    where status = 'served'

),

figures as (

    select * from {{ ref('int_backtest_figures') }}
    where bin is null and value is not null

),

gates as (

    select
        score,
        count(*) as gate_count,
        sum(case when is_passed then 0 else 1 end) as failed_gate_count
    from {{ ref('int_score_gates') }}
    group by score

),

-- Of what the score does, not of base rates. Calibration of value is a part of the mean spend, all else are shares.
compared as (

    select
        *,
        verdict = 'gap' as is_gap,
        score = 'value' and metric = 'calibration' as is_of_spend
    from {{ ref('scored_fairness') }}
    where kind = 'gap' and metric <> 'base_rate'

),

gaps as (

    select
        score,
        count(*) as gap_count,
        count(case when verdict <> 'too_few' then 1 end) as compared_count,
        count(case when is_gap then 1 end) as called_count,
        max(case when is_gap and not is_of_spend then value end) as largest_gap,
        max(case when is_gap and is_of_spend then value end) as largest_gap_of_spend
    from compared
    group by score

),

-- The newest window that is over, of the longest horizon that has one.
judged as (

    select
        figures.*,
        dense_rank() over (
            partition by figures.score order by figures.horizon_days desc, figures.cutoff_date desc
        ) as window_place
    from figures
    inner join cards
        on figures.score = cards.score
        and figures.metric = cards.metric
        and figures.population = cards.population

),

placed as (

    select
        *,
        row_number() over (partition by score, is_baseline order by value desc, model asc) as place
    from judged
    where window_place = 1
        and (is_baseline or model in {{ served_models() }})

),

final as (

    select
        cards.score,
        cards.metric,
        runs.run_id,
        runs.trained_until,
        baseline.model as best_baseline,

        ours.horizon_days,
        ours.customer_count as evaluated_count,
        ours.value as metric_value,
        ours.lower_bound,
        ours.upper_bound,
        baseline.value as baseline_value,
        coalesce(gates.gate_count, 0) as gate_count,
        coalesce(gates.failed_gate_count, 0) as failed_gate_count,
        coalesce(gaps.gap_count, 0) as gap_count,
        coalesce(gaps.compared_count, 0) as compared_count,
        coalesce(gaps.called_count, 0) as called_count,
        gaps.largest_gap,
        gaps.largest_gap_of_spend,

        ours.cutoff_date as evaluated_from
    from cards
    left join runs on cards.run_score = runs.score
    left join placed as ours
        on cards.score = ours.score
        and ours.place = 1
        and not ours.is_baseline
    left join placed as baseline
        on cards.score = baseline.score
        and baseline.place = 1
        and baseline.is_baseline
    left join gates on cards.score = gates.score
    left join gaps on cards.score = gaps.score

)

select * from final
