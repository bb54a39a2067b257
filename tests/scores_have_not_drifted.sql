-- A score whose population has moved beyond var `drift_fail` speaks of customers that its model has not met. Features
-- move with the season and the age of the shop, so they are shown in `score_drift` and stop nothing.
{{ config(severity='warn') }}

select
    name,
    round(stability_index, 3) as stability_index,
    {{ double_var('drift_fail') }} as bound
from {{ ref('score_drift') }}
where kind = 'score'
    and status = 'fail'
