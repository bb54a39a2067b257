{{ config(materialized='table', tags=['risk']) }}

-- What reviewers decided about attempts, or about visitors and days, a row for each moment of a decision. All of them
-- stay: a correction counts from its own moment on and changes nothing of before. What cannot be read is left out here,
-- and stops the build (test `risk_verdicts_can_be_read`). A table, so that what follows is left alone while the rows of
-- a relation of the user are what they were.
with

{{ written_verdicts() }},

read as (

    {{ read_verdicts('verdicts') }}

),

decided as (

    select
        attempt_id,
        case when attempt_id is null then {{ key_number('visitor_key') }} end as visitor_no,
        case when attempt_id is null then cast(alerted_on as date) end as shop_day,
        lower(verdict) = 'fraud' as is_fraud,
        cast(decided_at as {{ moment_type() | trim }}) as decided_at
    from read
    where fault is null

),

ranked as (

    select
        *,
        row_number() over (
            partition by attempt_id, visitor_no, shop_day, decided_at
            order by is_fraud desc
        ) as decision_no
    from decided

),

final as (

    select
        attempt_id,
        visitor_no,

        is_fraud,

        shop_day,
        decided_at
    from ranked
    where decision_no = 1

)

select * from final
