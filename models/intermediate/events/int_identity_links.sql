{{ config(materialized='incremental', incremental_strategy='replace_links') }}
-- depends_on: {{ ref('int_withdrawn_events') }}

-- The customer that a device belongs to: the customer who was first known on it. The whole anonymous history of the
-- device, before that moment and after, is theirs.
with

accepted as (

    select * from {{ ref('int_accepted_events') }}
    where event_type not in {{ label_event_types() }}

),

{% if is_incremental() -%}
devices_to_link_again as (
    {{ devices_to_link_again() }}
),
{%- endif %}

sightings as (

    select
        anonymous_no,
        customer_no,
        event_at
    from accepted
    where customer_no is not null
        and anonymous_no is not null
    {% if is_incremental() -%}
        and loaded_at > {{ newest('loaded_at', this) }}

    union all

    select
        accepted.anonymous_no,
        accepted.customer_no,
        accepted.event_at
    from accepted
    inner join devices_to_link_again on accepted.anonymous_no = devices_to_link_again.anonymous_no
    where accepted.customer_no is not null
    {%- endif %}

),

first_sightings as (

    select
        anonymous_no,
        customer_no,
        min(event_at) as linked_at
    from sightings
    group by anonymous_no, customer_no
    {% if is_incremental() -%}
    union all

    -- The link that stands is one of them.
    select
        standing.anonymous_no,
        standing.customer_no,
        standing.linked_at
    from {{ this }} as standing
    where standing.anonymous_no in (select sightings.anonymous_no from sightings)
        and standing.anonymous_no not in (
            select devices_to_link_again.anonymous_no from devices_to_link_again
        )
    {%- endif %}

),

earliest as (

    select
        *,
        min(linked_at) over (partition by anonymous_no) as first_linked_at
    from first_sightings

),

-- Hardly ever more than one a device.
contenders as (

    select distinct
        anonymous_no,
        customer_no,
        linked_at
    from earliest
    where linked_at = first_linked_at

),

contended as (

    select anonymous_no
    from contenders
    group by anonymous_no
    having count(*) > 1

),

-- Two customers of one moment: the order of their acts says who was first.
first_acts as (

    select
        contenders.anonymous_no,
        contenders.customer_no,
        row_number() over (
            partition by contenders.anonymous_no order by {{ order_of_acts('accepted') }}
        ) as sighting_no
    from contenders
    inner join contended on contenders.anonymous_no = contended.anonymous_no
    inner join accepted
        on contenders.anonymous_no = accepted.anonymous_no
        and contenders.customer_no = accepted.customer_no
        and contenders.linked_at = accepted.event_at

),

final as (

    select
        contenders.anonymous_no,
        contenders.customer_no,
        contenders.linked_at,
        {{ shop_day_of('contenders.linked_at') }} as linked_on,
        -- When the link was made: what was stitched before has to be stitched again.
        {{ newest_move() }} as loaded_at
    from contenders
    left join contended on contenders.anonymous_no = contended.anonymous_no
    left join first_acts
        on contenders.anonymous_no = first_acts.anonymous_no
        and contenders.customer_no = first_acts.customer_no
        and first_acts.sighting_no = 1
    where (contended.anonymous_no is null or first_acts.sighting_no is not null)
    {% if is_incremental() -%}
        and not exists (
            select 1
            from {{ this }} as standing
            where standing.anonymous_no = contenders.anonymous_no
                and standing.customer_no = contenders.customer_no
                and standing.linked_at = contenders.linked_at
                and standing.anonymous_no not in (
                    select devices_to_link_again.anonymous_no from devices_to_link_again
                )
        )
    {%- endif %}

)

select * from final
