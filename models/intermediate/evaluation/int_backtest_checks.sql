-- What the newest back-test of each score is checked for: that it is not worse than the best trivial baseline, that it
-- is calibrated, and that its total is right. One row a check: the figure and its bounds.
{%- set least_total = double_var('gate_min_total_ratio') %}
{%- set most_total = double_var('gate_max_total_ratio') %}
with

figures as (

    select * from {{ ref('int_backtest_figures') }}
    where bin is null
        and model in {{ served_models() }}
        and population <> 'repeat'

),

placed as (

    select
        *,
        row_number() over (
            partition by score, population, horizon_days, metric order by cutoff_date desc
        ) as recency_place
    from figures

),

latest as (

    select
        score,
        population,
        horizon_days,
        metric,
        value,
        lower_bound,
        upper_bound,
        customer_count,
        score || {{ days_ahead('horizon_days') }}
        || case when population = 'all' then '' else ' (' || population || ')' end as subject
    from placed
    where recency_place = 1

),

-- The lead over the best trivial baseline is paired; it fails where even its upper end is below zero. Rankings are
-- held to one of their metrics, NDCG: the others say much the same, and each more bound fails by chance now and then.
worse_than_trivial as (

    select
        score,
        population,
        horizon_days,
        customer_count,
        subject,
        'beats_trivial_baseline' as gate,
        metric,
        'upper' as interval_end,
        upper_bound as figure,
        0e0 as lower_limit,
        cast(null as double) as upper_limit
    from latest
    where metric like '%_trivial_lead'
        and (score <> 'recommendations' or metric = 'ndcg_10_trivial_lead')

),

badly_calibrated as (

    select
        score,
        population,
        horizon_days,
        customer_count,
        subject,
        'is_calibrated' as gate,
        metric,
        cast(null as string) as interval_end,
        value as figure,
        cast(null as double) as lower_limit,
        {{ double_var('gate_max_calibration_error') }} as upper_limit
    from latest
    where metric = 'ece'
        and customer_count >= 300

),

-- The whole interval has to be outside: a small shop's total is a few orders.
wrong_total as (

    select
        score,
        population,
        horizon_days,
        customer_count,
        subject,
        'total_is_right' as gate,
        metric,
        case when upper_bound < {{ least_total }} then 'upper' when lower_bound > {{ most_total }} then 'lower' end
            as interval_end,
        case
            when upper_bound < {{ least_total }} then upper_bound
            when lower_bound > {{ most_total }} then lower_bound
            else value
        end as figure,
        case when upper_bound < {{ least_total }} then {{ least_total }} end as lower_limit,
        case when lower_bound > {{ most_total }} then {{ most_total }} end as upper_limit
    from latest
    where metric = 'total_ratio'

),

final as (

    select * from worse_than_trivial
    union all
    select * from badly_calibrated
    union all
    select * from wrong_total

)

select * from final
