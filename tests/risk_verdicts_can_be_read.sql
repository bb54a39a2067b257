-- A verdict of a reviewer that cannot be read would be no label. Returns each with where it is kept, and the column to
-- correct with what it takes.
with

{{ written_verdicts() }},

read as (

    {{ read_verdicts('verdicts') }}

)

select
    {{ sql_text(verdicts_place()) }} as kept_in,
    verdict,
    decided_at,
    attempt_id,
    visitor_key,
    alerted_on,
    fault
from read
where fault is not null
