-- Groups of customers differ by more than chance, and by more than var `fairness_largest_gap`, in what a score that is
-- served does to them. The message says which score, metric and groups; docs/fairness.md says how to read it.
{{ config(severity='error' if var('fairness_gates_fail_the_build') else 'warn') }}

select
    difference,
    verdict_text
from {{ ref('score_fairness_gaps') }}
where not is_passed
    and is_served
