-- Who was erased from this warehouse when, by numbers that lead to nobody, and what was looked at afterwards: the
-- journal next to the key file has it, so nothing is lost with a table.
with

journal as (

    {{ erasure_rows() }}

),

final as (

    select
        erasure_id,

        source,
        code_version,

        request as request_no,
        attempt_count,
        table_count,
        column_count,
        value_count,
        file_count,
        byte_count,
        hit_count,
        unread_file_count,
        ordinary_id_count,
        unsearched_column_count,
        possible_mention_count,

        {{ retrain_due_at('erased_at') }} <= {{ moment(run_started_at.isoformat()) }} as is_retrain_due,

        erased_at,
        proven_at,
        {{ retrain_due_at('erased_at') }} as retrain_due_at
    from journal

)

select * from final
