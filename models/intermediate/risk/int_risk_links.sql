{{ config(tags=['risk']) }}

-- Who has paid with what (devices, cards, addresses, networks), a row for each customer, from when the shop knew of it.
-- Only what was known on an attempt counts: a device that a customer logs in on later does not name an earlier guest.
{%- set entities = {
    'address': 'address_token', 'card': 'card_token', 'device': 'device_no', 'ip': 'ip_token'
} %}
with

attempts as (

    select * from {{ ref('int_payment_attempts') }}
    where customer_no is not null

),

sightings as (
    {%- for kind, entity in entities.items() %}

    select
        '{{ kind }}' as kind,
        {{ 'cast(device_no as string)' if kind == 'device' else entity }} as entity,
        customer_no,
        min(known_at) as first_known_at,
        count(*) as attempt_count
    from attempts
    where {{ entity }} is not null
    group by {{ entity }}, customer_no
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        kind,
        -- The number of a device gets a key as the others have: the column holds keys of what is paid with alone.
        case when kind = 'device' then {{ id_key('paying', 'entity', 'kind') }} else entity end as entity_key,
        customer_no,

        {{ shop_day_of('first_known_at') }} as first_shop_day,
        first_known_at,

        attempt_count,
        count(*) over (partition by kind, entity) as customer_count
    from sightings

)

select * from final
