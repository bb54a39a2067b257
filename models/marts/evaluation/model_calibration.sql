-- What each model predicted and what happened, by tenth of the customers (or sessions) in order of prediction.
with

figures as (

    select * from {{ ref('int_backtest_figures') }}

),

final as (

    select
        md5(concat_ws('|', score, population, horizon_days, cutoff_date, model, bin)) as calibration_id,

        score,
        population,
        model,

        cast(horizon_days as integer) as horizon_days,
        cast(bin as integer) as tenth,
        predicted as predicted_mean,
        value as observed_mean,
        lower_bound,
        upper_bound,
        cast(customer_count as bigint) as customer_count,

        is_baseline,
        predicted between lower_bound and upper_bound as is_within_interval,

        cutoff_date,

        run_id as model_run_id
    from figures
    where bin is not null

)

select * from final
