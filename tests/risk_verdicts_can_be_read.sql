-- A verdict of a reviewer that cannot be read would be no label. Returns each with where it is kept, and the column to
-- correct with what it takes.
with

verdicts as (

    {% if var('risk_verdicts_relation') -%}
    {%- do source('risk', 'verdicts') %}
    select * from {{ verdicts_relation() }}
    {%- else -%}
    select * from {{ ref('risk_verdicts') }}
    {%- endif %}

),

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
