-- How good each score was on the last closed window it never saw, compared with the baselines on the same rows.
with

figures as (

    select * from {{ ref('int_backtest_figures') }}

),

final as (

    select
        md5(concat_ws('|', score, population, horizon_days, cutoff_date, model, metric)) as evaluation_id,

        score,
        population,
        model,
        metric,

        cast(horizon_days as integer) as horizon_days,
        value as metric_value,
        lower_bound,
        upper_bound,
        cast(customer_count as bigint) as customer_count,

        is_baseline,

        cutoff_date,

        run_id as model_run_id
    from figures
    where bin is null

)

select * from final
