-- What every score has to pass before anybody acts on it, one row a check: the figure, its bound, and in words which
-- score fails and by how much.
with

evaluation as (

    select
        *,
        row_number() over (
            partition by score, population, horizon_days, model, metric order by cutoff_date desc
        ) as recency_place
    from {{ ref('model_evaluation') }}
    where model = 'attention_scorer'
        and score in ('churn', 'value', 'tier', 'intent')
        and population <> 'repeat'

),

latest as (

    select
        *,
        score || ', ' || horizon_days || ' days'
        || case when population = 'all' then '' else ' (' || population || ')' end as subject
    from evaluation
    where recency_place = 1

),

churn as (

    select * from {{ ref('churn_risk') }}

),

customer_value as (

    select * from {{ ref('customer_value') }}

),

intent as (

    select * from {{ ref('purchase_intent') }}

),

cutoffs as (

    select max(cutoff_date) as newest_date from {{ ref('int_cutoffs') }}

),

-- The lead over the best trivial baseline is paired; it fails where even its upper end lies below zero.
worse_than_trivial as (

    select
        subject,
        'beats_trivial_baseline' as gate,
        metric,
        'upper' as interval_end,
        upper_bound as figure,
        0.0 as lower_limit,
        cast(null as double) as upper_limit
    from latest
    where metric like '%\_trivial\_lead' escape '\'

),

badly_calibrated as (

    select
        subject,
        'is_calibrated' as gate,
        metric,
        cast(null as varchar) as interval_end,
        metric_value as figure,
        cast(null as double) as lower_limit,
        {{ var('gate_max_calibration_error') }} as upper_limit
    from latest
    where metric = 'ece'
        and customer_count >= 300

),

-- The whole interval has to lie outside: a small shop's total is a few orders.
wrong_total as (

    select
        subject,
        'total_is_right' as gate,
        metric,
        case
            when upper_bound < {{ var('gate_min_total_ratio') }} then 'upper'
            when lower_bound > {{ var('gate_max_total_ratio') }} then 'lower'
        end as interval_end,
        case
            when upper_bound < {{ var('gate_min_total_ratio') }} then upper_bound
            when lower_bound > {{ var('gate_max_total_ratio') }} then lower_bound
            else metric_value
        end as figure,
        case
            when upper_bound < {{ var('gate_min_total_ratio') }} then {{ var('gate_min_total_ratio') }}
        end as lower_limit,
        case
            when lower_bound > {{ var('gate_max_total_ratio') }} then {{ var('gate_max_total_ratio') }}
        end as upper_limit
    from latest
    where metric = 'total_ratio'

),

scored as (

    select
        'churn, ' || horizon_days || ' days' as subject,
        as_of_date as scored_date,
        churn_probability as score,
        1.0 as largest
    from churn
    union all
    select
        'value, ' || horizon_days || ' days' as subject,
        as_of_date as scored_date,
        predicted_amount as score,
        cast(null as double) as largest
    from customer_value
    union all
    select
        'intent, 7 days' as subject,
        as_of_date as scored_date,
        week_probability as score,
        1.0 as largest
    from intent

),

served as (

    select
        scored.subject,
        count(*) as row_count,
        count(*) - count(scored.score) as null_count,
        count(
            case when scored.score < 0 or scored.score > scored.largest or not isfinite(scored.score) then 1 end
        ) as outside_count,
        max(scored.score) - min(scored.score) as spread,
        {{ days_between('max(scored.scored_date)', 'max(cutoffs.newest_date)') }} as age_days
    from scored
    cross join cutoffs
    group by scored.subject

),

-- Where nothing could be back-tested yet, one and the same score for all may be all that can be said.
judged as (

    select distinct score || ', ' || horizon_days || ' days' as subject from latest

),

served_checks as (

    select
        subject,
        'has_no_nulls' as gate,
        'rows without a score' as metric,
        cast(null as varchar) as interval_end,
        cast(null_count as double) as figure,
        cast(null as double) as lower_limit,
        0.0 as upper_limit
    from served
    union all
    select
        subject,
        'is_in_range' as gate,
        'rows out of range' as metric,
        cast(null as varchar) as interval_end,
        cast(outside_count as double) as figure,
        cast(null as double) as lower_limit,
        0.0 as upper_limit
    from served
    union all
    select
        subject,
        'is_not_constant' as gate,
        'largest score less smallest' as metric,
        cast(null as varchar) as interval_end,
        spread as figure,
        1e-9 as lower_limit,
        cast(null as double) as upper_limit
    from served
    where row_count >= 30
        and subject in (select judged.subject from judged)
    union all
    select
        subject,
        'is_fresh' as gate,
        'days behind the newest cut-off' as metric,
        cast(null as varchar) as interval_end,
        cast(age_days as double) as figure,
        cast(null as double) as lower_limit,
        cast({{ var('gate_max_age_days') }} as double) as upper_limit
    from served

),

checks as (

    select * from worse_than_trivial
    union all
    select * from badly_calibrated
    union all
    select * from wrong_total
    union all
    select * from served_checks

),

final as (

    select
        md5(concat_ws('|', subject, gate, metric)) as gate_id,

        subject,
        gate,
        metric,
        subject || ': ' || coalesce('the ' || interval_end || ' end of ', '') || metric || ' is ' || round(figure, 4)
        || case
            when figure < lower_limit
                then ', ' || round(lower_limit - figure, 4) || ' below the bound of ' || round(lower_limit, 4)
            when figure > upper_limit
                then ', ' || round(figure - upper_limit, 4) || ' above the bound of ' || round(upper_limit, 4)
            else ', within its bounds'
        end as message,

        figure,
        lower_limit,
        upper_limit,

        coalesce(figure >= lower_limit, true) and coalesce(figure <= upper_limit, true) as is_passed
    from checks
    where figure is not null

)

select * from final
