-- An event that is asked to leave and that no source has delivered is misspelt, or gone already: the request does
-- nothing.
{{ config(severity='warn') }}

with

requests as (

    select * from {{ ref('int_withdrawal_requests') }}

),

rejected as (

    select * from {{ ref('int_rejected_rows') }}

)

select
    requests.source,
    requests.event_id,
    requests.reason
from requests
left join rejected
    on requests.event_id = rejected.event_id
    and requests.source = rejected.source
where rejected.event_id is null
