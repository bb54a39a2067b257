-- Two ids that differ in capitals alone are often one person under two systems, such as an address that is typed once
-- with a capital and once without. Ids are taken as they are written, so they are two customers.
{{ config(severity='warn') }}

with

keys as (

    select * from {{ ref('int_identity_keys') }}
    where folded_key is not null

)

select
    source,
    min(identity_key) as customer_key,
    max(identity_key) as other_customer_key,
    count(*) as customer_count,
    'if they are one person, write the id in one case wherever the source is exported, and build with --full-refresh'
        as what_to_do
from keys
group by source, folded_key
having count(*) > 1
order by source, customer_key
