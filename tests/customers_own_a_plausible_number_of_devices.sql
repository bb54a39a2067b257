-- A customer with very many devices is often not a person: a word that stands for nobody (guest, anonymous), or the
-- login of a till.
{{ config(severity='warn') }}

with

links as (

    select * from {{ ref('int_identity_links') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

)

select
    keys.source,
    keys.identity_key as customer_key,
    count(*) as device_count,
    'if this is no person, add its word to var words_for_nothing and build with --full-refresh; '
    || 'if it is, raise var max_devices_per_customer ({{ var("max_devices_per_customer") }})' as what_to_do
from links
inner join keys on links.customer_no = keys.identity_no
group by keys.source, keys.identity_key
having count(*) > {{ var('max_devices_per_customer') }}
order by device_count desc
