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
        {{ json_text('run', '$.run_id') }} as model_run_id,

        score,
        status,
        {{ json_text('run', '$.reason') }} as status_reason,
        coalesce({{ json_text('run', '$.training') }}, 'full') as training,
        {{ json_text('run', '$.training_reason') }} as training_reason,
        {{ json_text('run', '$.device') }} as device,
        left({{ json_text('run', '$.code_fingerprint') }}, 16) as code_fingerprint,
        left({{ json_text('run', '$.data_fingerprint') }}, 16) as data_fingerprint,
        coalesce(
            {{ json_text('run', '$.cutoffs.production') }}, {{ json_text('run', '$.cutoff_date') }}
        ) as trained_until,
        cast(run as string) as run_metadata,

        cast({{ json_text('run', '$.seed') }} as bigint) as seed,
        coalesce(
            cast({{ json_text('run', '$.seconds') }} as double),
            {{ json_sum('run', '$.fits.*.seconds') }}
        ) as training_seconds,

        {{ moment(run_started_at.isoformat()) }} as first_seen_at
    from runs
    where {{ json_text('run', '$.run_id') }} is not null

)

select * from final
{% if is_incremental() -%}
where not exists (
    select 1 from {{ this }} as standing
    where standing.model_run_id = final.model_run_id
)
{%- endif %}
