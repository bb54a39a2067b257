-- A score that is worse than its best trivial baseline, badly calibrated, stale, constant, null or out of range is not
-- shown. The message says which and by how much; docs/scores.md says what to do.
{{ config(severity='error' if var('gates_fail_the_build') else 'warn') }}

select
    gate,
    message
from {{ ref('model_gates') }}
where not is_passed
