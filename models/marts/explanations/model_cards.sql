-- What to know of each score before anybody acts on it: what it is for, what it learned from, how well it did on what
-- it had not seen, what it cannot do, and whether it treats groups of customers alike. One row a score.
{%- set slots = {
    'until': 'trained_until', 'date': 'date_text', 'days': 'days_text', 'count': 'count_text',
    'value': 'value_text', 'lower': 'lower_text', 'upper': 'upper_text', 'baseline': 'baseline_text',
    'baseline_value': 'baseline_value_text', 'gaps': 'gaps_text', 'compared': 'compared_text',
    'largest': 'largest_text', 'largest_of_spend': 'largest_of_spend_text'
} %}
{%- set texts = ['purpose', 'training', 'evaluation', 'limits', 'fairness'] %}
with

figures as (

    select * from {{ ref('int_card_figures') }}

),

quality as (

    select * from {{ ref('explanation_quality') }}

),

words as (

    select * from {{ words() }}

),

checks as (

    select
        score,
        count(*) as check_count,
        sum(case when not is_passed then 1 else 0 end) as failed_check_count,
        sum(case when is_certain then 0 else 1 end) as uncertain_check_count
    from quality
    group by score

),

judged as (

    select
        *,
        case
            when called_count > 0 then 'gap'
            when compared_count > 0 then 'no_evidence'
            when gap_count > 0 then 'too_few'
            else 'not_compared'
        end as fairness_verdict
    from figures

),

keyed as (

    select
        *,
        'card.' || score || '.purpose' as purpose_key,
        case when trained_until is null then 'card.untrained' else 'card.' || score || '.training' end as training_key,
        case when evaluated_from is null then 'card.unjudged' else 'card.' || score || '.evaluation' end
            as evaluation_key,
        'card.' || score || '.limits' as limits_key,
        case
            when largest_gap_of_spend is not null and largest_gap is not null then 'card.gap_of_both'
            when largest_gap_of_spend is not null then 'card.gap_of_spend'
            when fairness_verdict <> 'not_compared' then 'card.' || fairness_verdict
            when score in ('churn', 'value') then 'card.no_attribute'
            else 'card.' || score || '.not_compared'
        end as fairness_key,
        cast(evaluated_from as string) as date_text,
        cast(horizon_days as string) as days_text,
        {{ with_thousands('evaluated_count') }} as count_text,
        cast(round(metric_value, 3) as string) as value_text,
        cast(round(lower_bound, 3) as string) as lower_text,
        cast(round(upper_bound, 3) as string) as upper_text,
        replace(best_baseline, '_', ' ') as baseline_text,
        cast(round(baseline_value, 3) as string) as baseline_value_text,
        cast(called_count as string) as gaps_text,
        cast(compared_count as string) as compared_text,
        cast(round(largest_gap * 100e0, 1) as string) as largest_text,
        cast(round(largest_gap_of_spend * 100e0, 1) as string) as largest_of_spend_text
    from judged

),

final as (

    select
        keyed.score,
        {%- for text in texts %}
        {{ sentence(text ~ '.text', slots) }} as {{ text }}_text,
        {%- endfor %}
        keyed.fairness_verdict,
        keyed.metric,
        keyed.best_baseline,
        keyed.trained_until,
        {%- for text in texts %}
        keyed.{{ text }}_key,
        {%- endfor %}
        {{ slot_values(slots) }} as text_values,

        cast(keyed.horizon_days as integer) as horizon_days,
        cast(keyed.evaluated_count as bigint) as evaluated_count,
        keyed.metric_value,
        keyed.lower_bound,
        keyed.upper_bound,
        keyed.baseline_value,
        cast(keyed.gate_count as bigint) as gate_count,
        cast(keyed.failed_gate_count as bigint) as failed_gate_count,
        cast(coalesce(checks.check_count, 0) as bigint) as check_count,
        cast(coalesce(checks.failed_check_count, 0) as bigint) as failed_check_count,
        cast(coalesce(checks.uncertain_check_count, 0) as bigint) as uncertain_check_count,
        cast(keyed.compared_count as bigint) as compared_gap_count,
        cast(keyed.called_count as bigint) as gap_count,
        keyed.largest_gap,
        keyed.largest_gap_of_spend,

        keyed.failed_gate_count + coalesce(checks.failed_check_count, 0) + keyed.called_count > 0 as has_findings,

        keyed.evaluated_from,

        keyed.run_id as model_run_id
    from keyed
    left join checks on keyed.score = checks.score
    {%- for text in texts %}
    left join words as {{ text }} on keyed.{{ text }}_key = {{ text }}.message_key
    {%- endfor %}

)

select * from final
