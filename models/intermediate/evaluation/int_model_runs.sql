-- The run that made each score and each back-test that is in force, as JSON, and the one that was kept out instead.
{%- set scores = [
    ('churn', 'churn'), ('customer_value', 'value'), ('churn_backtest', 'churn back-test'),
    ('value_backtest', 'value back-test'), ('intent', 'intent'), ('intent_backtest', 'intent back-test'),
    ('risk', 'risk'), ('risk_backtest', 'risk back-test'), ('reviews', 'reviews'),
    ('reviews_backtest', 'reviews back-test')
] %}
with

encoder as (

    select * from {{ ref('attention_encoder') }}
    where name = '__run__'

),

churn as (

    select * from {{ ref('scored_churn') }}

),

customer_value as (

    select * from {{ ref('scored_value') }}

),

churn_backtest as (

    select * from {{ ref('backtest_churn') }}

),

value_backtest as (

    select * from {{ ref('backtest_value') }}

),

intent as (

    select * from {{ ref('scored_intent') }}

),

intent_backtest as (

    select * from {{ ref('backtest_intent') }}

),

risk as (

    select * from {{ ref('scored_risk') }}

),

risk_backtest as (

    select * from {{ ref('backtest_risk') }}

),

reviews as (

    select * from {{ ref('scored_reviews') }}

),

reviews_backtest as (

    select * from {{ ref('backtest_reviews') }}

),

served as (

    select
        'recommendations' as score,
        {{ text_of_bytes('data') }} as run
    from encoder
    {%- for table, score in scores %}
    union all
    select distinct
        '{{ score }}' as score,
        run_metadata as run
    from {{ table }}
    where run_metadata is not null
    {%- endfor %}

),

-- A model that was clearly worse than the one in force is noted in the run of that one.
kept_out as (

    select
        score,
        {{ json_text('run', '$.kept_out') }} as run
    from served

),

runs as (

    select
        score,
        'served' as status,
        run
    from served
    union all
    select
        score,
        'kept out' as status,
        run
    from kept_out
    where run is not null

),

dated as (

    select
        score,
        status,
        run,
        {{ moment_of_text("nullif(" ~ json_text('run', '$.stale_since') ~ ", '')") }} as stale_since
    from runs

),

final as (

    select
        score,
        status,
        run,
        stale_since,
        {{ retrain_due_at('stale_since') }} as retrain_due_at
    from dated

)

select * from final
