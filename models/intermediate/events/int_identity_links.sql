{{ config(materialized='incremental', incremental_strategy='replace_links') }}
-- depends_on: {{ ref('int_withdrawn_events') }}

-- The customer that a device belongs to: the customer who was first known on it. The whole anonymous history of the
-- device, before that moment and after, is theirs.
with

accepted as (

    select * from {{ ref('int_accepted_events') }}

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

),

ranked as (

    select
        anonymous_no,
        customer_no,
        linked_at,
        row_number() over (partition by anonymous_no order by linked_at, customer_no) as sighting_no
    from first_sightings

),

final as (

    select
        ranked.anonymous_no,
        ranked.customer_no,
        ranked.linked_at,
        -- When the link was made: what was stitched before has to be stitched again.
        {{ newest_move() }} as loaded_at
    from ranked
    where ranked.sighting_no = 1
    {% if is_incremental() -%}
        and not exists (
            select 1
            from {{ this }} as standing
            where standing.anonymous_no = ranked.anonymous_no
                and (
                    standing.linked_at < ranked.linked_at
                    or (standing.linked_at = ranked.linked_at and standing.customer_no <= ranked.customer_no)
                )
                and standing.anonymous_no not in (
                    select devices_to_link_again.anonymous_no from devices_to_link_again
                )
        )
    {%- endif %}

)

select * from final
