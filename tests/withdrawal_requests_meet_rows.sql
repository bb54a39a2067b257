-- An event that is asked to leave and that no source has delivered is misspelt, or gone already: the request does
-- nothing. What looks like a key may be an id, too: one of the two is enough.
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
    requests.given_id,
    min(requests.reason) as reason
from requests
left join rejected
    on requests.event_id = rejected.event_id
    and requests.source = rejected.source
group by requests.source, requests.given_id
having count(rejected.event_id) = 0
