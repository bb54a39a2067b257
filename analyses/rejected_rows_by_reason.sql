-- What was left out, why, how much of the source that is, and a row to look at.
with

rejected_rows as (

    select * from {{ ref('int_rejected_rows') }}

),

row_accounting as (

    select * from {{ ref('int_row_accounting') }}

),

-- "amount is not a number: 12,3x" is one reason with many values.
reasons as (

    select
        *,
        split_part(reason, ':', 1) as reason_kind
    from rejected_rows

),

counted as (

    select
        source,
        reason_kind,
        count(*) as row_count,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at,
        min(raw_row) as example_row
    from reasons
    group by source, reason_kind

),

final as (

    select
        counted.source,
        counted.reason_kind,

        counted.row_count,
        round(100e0 * counted.row_count / row_accounting.raw_count, 3) as percent_of_raw_rows,

        counted.first_received_at,
        counted.last_received_at,

        counted.example_row
    from counted
    inner join row_accounting on counted.source = row_accounting.source

)

select * from final
order by source asc, row_count desc, reason_kind asc
