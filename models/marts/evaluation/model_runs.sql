{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    meta={'is_shaped_by_no_setting': true},
) }}

-- Every training that this warehouse has seen: what went in, on what device, how long it took. Runs that nothing has
-- changed for are used again and keep their one row.
with

encoder as (

    select
        'recommendations' as score,
        decode(data) as run
    from {{ ref('attention_encoder') }}
    where name = '__run__'

),

churn as (

    select distinct
        'churn' as score,
        run_metadata as run
    from {{ ref('scored_churn') }}

),

customer_value as (

    select distinct
        'value' as score,
        run_metadata as run
    from {{ ref('scored_value') }}

),

churn_backtest as (

    select distinct
        'churn back-test' as score,
        run_metadata as run
    from {{ ref('backtest_churn') }}

),

value_backtest as (

    select distinct
        'value back-test' as score,
        run_metadata as run
    from {{ ref('backtest_value') }}

),

intent as (

    select distinct
        'intent' as score,
        run_metadata as run
    from {{ ref('scored_intent') }}

),

intent_backtest as (

    select distinct
        'intent back-test' as score,
        run_metadata as run
    from {{ ref('backtest_intent') }}

),

served as (

    select * from encoder
    union all
    select * from churn
    union all
    select * from customer_value
    union all
    select * from churn_backtest
    union all
    select * from value_backtest
    union all
    select * from intent
    union all
    select * from intent_backtest

),

-- A model that was clearly worse than the one in force is told of in the run that stands.
kept_out as (

    select
        score,
        cast(json_extract(run, '$.kept_out') as varchar) as run
    from served
    where json_extract(run, '$.kept_out') is not null

),

runs as (

    select
        *,
        'served' as status
    from served
    union all
    select
        *,
        'kept out' as status
    from kept_out

),

final as (

    select
        json_extract_string(run, '$.run_id') as model_run_id,

        score,
        status,
        json_extract_string(run, '$.reason') as status_reason,
        coalesce(json_extract_string(run, '$.training'), 'full') as training,
        json_extract_string(run, '$.training_reason') as training_reason,
        json_extract_string(run, '$.device') as device,
        left(json_extract_string(run, '$.code_fingerprint'), 16) as code_fingerprint,
        left(json_extract_string(run, '$.data_fingerprint'), 16) as data_fingerprint,
        coalesce(
            json_extract_string(run, '$.cutoffs.production'), json_extract_string(run, '$.cutoff_date')
        ) as trained_until,
        cast(run as varchar) as run_metadata,

        cast(json_extract_string(run, '$.seed') as bigint) as seed,
        coalesce(
            cast(json_extract_string(run, '$.seconds') as double),
            list_sum(cast(json_extract(run, '$.fits.*.seconds') as double[]))
        ) as training_seconds,

        timestamptz '{{ run_started_at.isoformat() }}' as first_seen_at
    from runs
    where json_extract_string(run, '$.run_id') is not null

)

select * from final
{% if is_incremental() -%}
where not exists (
    select 1 from {{ this }} as standing
    where standing.model_run_id = final.model_run_id
)
{%- endif %}
