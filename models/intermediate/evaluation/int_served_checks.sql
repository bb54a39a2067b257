-- What the scores that are served are checked for: that none is null or out of range, that they differ, and that they
-- are fresh. One row a check: the figure and its bounds.
{%- set not_bound = 'cast(null as double)' %}
{%- set checks = [
    ('has_no_nulls', 'rows without a score', 'cast(null_count as double)', not_bound, '0e0', 'true'),
    ('is_in_range', 'rows out of range', 'cast(outside_count as double)', not_bound, '0e0', 'true'),
    ('is_not_constant', 'largest score less smallest', 'spread', '1e-9', not_bound, 'row_count >= 30 and is_judged'),
    ('is_fresh', 'days behind the newest cut-off', 'cast(age_days as double)', not_bound,
        double_var('gate_max_age_days'), 'age_days is not null')
] %}
{#- The scores of a list are of the events that had come in when it was made: they have no date of their own. A share
    that is computed in single precision may pass 1 in its last digit. Attempts of the past that only rules looked at
    have no score. -#}
{%- set undated = 'cast(null as date)' %}
{%- set scores = [
    ('churn', 'churn', 'horizon_days', 'cutoff_date', 'probability', '1e0', 'true'),
    ('customer_value', 'value', 'horizon_days', 'cutoff_date', 'predicted_amount', not_bound, 'true'),
    ('intent', 'intent', '7', 'cutoff_date', 'week_probability', '1e0', 'true'),
    ('recommendations', 'recommendations', var('backtest_days'), undated, 'score', '1.000001e0', 'true'),
    ('risk', 'risk', '0', 'cutoff_date', 'risk_score', '1e0', "scored_by <> 'history'"),
    ('reviews', 'reviews', '0', 'cutoff_date', 'probability', '1e0', 'true')
] %}
with

churn as (

    select * from {{ ref('scored_churn') }}

),

customer_value as (

    select * from {{ ref('scored_value') }}

),

intent as (

    select * from {{ ref('scored_intent') }}

),

recommendations as (

    select * from {{ ref('scored_recommendations') }}

),

risk as (

    select * from {{ ref('scored_risk') }}

),

reviews as (

    select * from {{ ref('scored_reviews') }}

),

figures as (

    select * from {{ ref('int_backtest_figures') }}

),

cutoffs as (

    select max(cutoff_date) as newest_date from {{ ref('int_cutoffs') }}

),

scored as (
    {% for table, score_name, days, scored_date, score, largest, condition in scores %}
    select
        '{{ score_name }}' as score_name,
        {{ days }} as horizon_days,
        {{ scored_date }} as scored_date,
        {{ score }} as score,
        {{ largest }} as largest
    from {{ table }}
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

served as (

    select
        scored.score_name,
        scored.horizon_days,
        count(*) as row_count,
        count(*) - count(scored.score) as null_count,
        count(
            case
                when scored.score < 0 or scored.score > scored.largest or not {{ is_finite('scored.score') }} then 1
            end
        ) as outside_count,
        max(scored.score) - min(scored.score) as spread,
        {{ days_between('max(scored.scored_date)', 'max(cutoffs.newest_date)') }} as age_days
    from scored
    cross join cutoffs
    group by scored.score_name, scored.horizon_days

),

-- Where nothing could be back-tested yet, one and the same score for all may be all that can be said.
judged as (

    select distinct
        score,
        horizon_days
    from figures
    where model in {{ served_models() }}

),

known as (

    select
        served.*,
        judged.score is not null as is_judged
    from served
    left join judged
        on served.score_name = judged.score
        and served.horizon_days = judged.horizon_days

),

final as (
    {% for gate, metric, figure, lower_limit, upper_limit, condition in checks %}
    select
        score_name as score,
        horizon_days,
        row_count,
        score_name || {{ days_ahead('horizon_days') }} as subject,
        '{{ gate }}' as gate,
        '{{ metric }}' as metric,
        {{ figure }} as figure,
        {{ lower_limit }} as lower_limit,
        {{ upper_limit }} as upper_limit
    from known
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from final
