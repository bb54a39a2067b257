{{ config(materialized='incremental', unique_key='model_run_id', incremental_strategy='delete+insert', on_schema_change='append_new_columns') }}

-- Every training that this warehouse has seen: what went in, on what device, how long it took.
with

encoder as (

    select
        'recommendations' as score,
        cast(decode(data) as varchar) as run
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

runs as (

    select * from encoder
    union all
    select * from churn
    union all
    select * from customer_value

),

final as (

    select
        json_extract_string(run, '$.run_id') as model_run_id,

        score,
        json_extract_string(run, '$.device') as device,
        json_extract_string(run, '$.code_fingerprint') as code_fingerprint,
        json_extract_string(run, '$.data_fingerprint') as data_fingerprint,
        run as run_metadata,

        cast(json_extract_string(run, '$.seed') as bigint) as seed,

        {{ dbt.current_timestamp() }} as first_seen_at
    from runs

)

select * from final
{% if is_incremental() -%}
where model_run_id not in (select model_run_id from {{ this }})
{%- endif %}
