{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    meta={'is_shaped_by_no_setting': true},
) }}

-- Every training that this warehouse has seen: what went in, on what device, how long it took. Runs that nothing has
-- changed for are used again and keep their one row.
with

runs as (

    select * from {{ ref('int_model_runs') }}

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
