-- What every back-test found: metrics with their intervals, and, where there is a `bin`, predicted and observed means
-- by tenth of the prediction.
{%- set columns = [
    'score', 'population', 'horizon_days', 'cutoff_date', 'model', 'is_baseline', 'metric', 'value', 'lower_bound',
    'upper_bound', 'customer_count', 'run_id'
] %}
with

recommendations as (

    select * from {{ ref('backtest_recommendations') }}

),

churn as (

    select * from {{ ref('backtest_churn') }}
    where customer_no is null

),

customer_value as (

    select * from {{ ref('backtest_value') }}
    where customer_no is null

),

intent as (

    select * from {{ ref('backtest_intent') }}

),

risk as (

    select * from {{ ref('backtest_risk') }}

),

reviews as (

    select * from {{ ref('backtest_reviews') }}

),

final as (

    select
        {{ columns | join(',\n        ') }},
        cast(null as integer) as bin,
        cast(null as double) as predicted
    from recommendations
    {%- for backtest in ['churn', 'customer_value', 'intent', 'risk', 'reviews'] %}
    union all
    select
        {{ columns | join(',\n        ') }},
        bin,
        predicted
    from {{ backtest }}
    {%- endfor %}

)

select * from final
