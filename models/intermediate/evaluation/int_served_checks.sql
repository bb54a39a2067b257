-- What the scores that are served are checked for: that none is null or out of range, that they differ, and that they
-- are fresh. One row a check: the figure and its bounds.
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

figures as (

    select * from {{ ref('int_backtest_figures') }}

),

cutoffs as (

    select max(cutoff_date) as newest_date from {{ ref('int_cutoffs') }}

),

-- The scores of a list are of the events that had come in when it was made: they have no date of their own.
scored as (

    select
        'churn, ' || horizon_days || ' days' as subject,
        cutoff_date as scored_date,
        probability as score,
        1e0 as largest
    from churn
    union all
    select
        'value, ' || horizon_days || ' days' as subject,
        cutoff_date as scored_date,
        predicted_amount as score,
        cast(null as double) as largest
    from customer_value
    union all
    select
        'intent, 7 days' as subject,
        cutoff_date as scored_date,
        week_probability as score,
        1e0 as largest
    from intent
    union all
    -- A share that is computed in single precision may pass 1 in its last digit.
    select
        'recommendations, {{ var('backtest_days') }} days' as subject,
        cast(null as date) as scored_date,
        score,
        1.000001e0 as largest
    from recommendations

),

served as (

    select
        scored.subject,
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
    group by scored.subject

),

-- Where nothing could be back-tested yet, one and the same score for all may be all that can be said.
judged as (

    select distinct score || ', ' || horizon_days || ' days' as subject
    from figures
    where model = 'attention_scorer'

),

final as (

    select
        subject,
        'has_no_nulls' as gate,
        'rows without a score' as metric,
        cast(null_count as double) as figure,
        cast(null as double) as lower_limit,
        0e0 as upper_limit
    from served
    union all
    select
        subject,
        'is_in_range' as gate,
        'rows out of range' as metric,
        cast(outside_count as double) as figure,
        cast(null as double) as lower_limit,
        0e0 as upper_limit
    from served
    union all
    select
        served.subject,
        'is_not_constant' as gate,
        'largest score less smallest' as metric,
        served.spread as figure,
        1e-9 as lower_limit,
        cast(null as double) as upper_limit
    from served
    inner join judged on served.subject = judged.subject
    where served.row_count >= 30
    union all
    select
        subject,
        'is_fresh' as gate,
        'days behind the newest cut-off' as metric,
        cast(age_days as double) as figure,
        cast(null as double) as lower_limit,
        {{ double_var('gate_max_age_days') }} as upper_limit
    from served
    where age_days is not null

)

select * from final
