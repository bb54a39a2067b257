{{ config(materialized='incremental', incremental_strategy='replace_entities', tags=['risk']) }}

-- Who has paid with what (devices, cards, addresses, networks), a row for each customer, from when the shop knew of it.
-- Only what was known on an attempt counts: a device that a customer logs in on later does not name an earlier guest.
-- Incremental: customers whose attempts moved are looked at again, and whoever shares something with them is counted.
with

attempts as {{ read_each_time() }} (

    select * from {{ ref('int_payment_attempts') }}
    where customer_no is not null

),

{% if is_incremental() -%}
{{ moved_customers('attempts') }},
{%- endif %}

sightings as (
    {%- for kind, entity in linking_entities().items() %}

    select
        '{{ kind }}' as kind,
        {{ 'cast(device_no as string)' if kind == 'device' else entity }} as entity,
        customer_no,
        min(known_at) as first_known_at,
        count(*) as attempt_count
    from attempts
    where {{ entity }} is not null
    {%- if is_incremental() %}
        and customer_no in (select moved_customers.customer_no from moved_customers)
    {%- endif %}
    group by {{ entity }}, customer_no
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

made as (

    select
        kind,
        -- The number of a device gets a key as the others have: the column holds keys of what is paid with alone.
        case when kind = 'device' then {{ id_key('paying', 'entity', 'kind') }} else entity end as entity_key,
        customer_no,
        {{ shop_day_of('first_known_at') }} as first_shop_day,
        first_known_at,
        attempt_count
    from sightings

),

{{ members_of_entities('made') }},

final as (

    select
        kind,
        entity_key,
        customer_no,

        first_shop_day,
        first_known_at,

        attempt_count,
        count(customer_no) over (partition by kind, entity_key) as customer_count,
        {{ newest('written_at', ref('int_payment_attempts')) }} as loaded_at
    from members

)

select * from final
