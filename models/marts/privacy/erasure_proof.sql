-- What was looked at after each erasure, and what was found: nothing of the person in any of it.
with

erasures as (

    select * from {{ ref('int_erasures') }}

),

model_runs as (

    select * from {{ ref('int_model_runs') }}
    where status = 'served'

),

-- A model that learned from a person has learned from all who were erased later.
stale_scores as (

    select distinct
        erasures.erasure_id,
        model_runs.score
    from erasures
    inner join model_runs on erasures.erased_at >= model_runs.stale_since

),

stale as (

    select
        erasure_id,
        count(*) as stale_model_count,
        {{ dbt.listagg('score', "', '", 'order by score') }} as stale_models
    from stale_scores
    group by erasure_id

),

words as (

    select * from {{ words() }}

),

keyed as (

    select
        *,
        case
            when proven_at is null then null
            when ordinary_id_count > 0 then 'erasure.out_of_reach.short_ids'
            else 'erasure.out_of_reach'
        end as out_of_reach_key
    from erasures

),

final as (

    select
        erasures.erasure_id,

        erasures.source,
        case
            when erasures.proven_at is null then 'open'
            when erasures.hit_count > 0 then 'found'
            when erasures.unread_file_count > 0 then 'incomplete'
            else 'proven'
        end as status,
        stale.stale_models,
        erasures.code_version,
        words.text as out_of_reach,
        erasures.out_of_reach_key,

        erasures.request_no,
        erasures.attempt_count,
        erasures.table_count,
        erasures.column_count,
        erasures.value_count,
        erasures.file_count,
        erasures.byte_count,
        erasures.hit_count,
        erasures.unread_file_count,
        erasures.ordinary_id_count,
        erasures.unsearched_column_count,
        erasures.possible_mention_count,
        cast(coalesce(stale.stale_model_count, 0) as bigint) as stale_model_count,

        erasures.erased_at,
        erasures.proven_at,
        erasures.retrain_due_at
    from keyed as erasures
    left join stale on erasures.erasure_id = stale.erasure_id
    left join words on erasures.out_of_reach_key = words.message_key

)

select * from final
