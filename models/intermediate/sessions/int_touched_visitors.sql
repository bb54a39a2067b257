{{ config(materialized='incremental', incremental_strategy='append') }}
-- depends_on: {{ ref('int_identity_links') }}

-- A log of whose history moved, and from when on: what the incremental models downstream compute again.
-- Each of them keeps its own place in this log, so a run that broke off is made good by the next.
with

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

stitched as (

    select * from {{ ref('int_stitched_events') }}

),

new_events as (

    select
        visitor_no,
        min(event_at) as touched_from
    from stitched
    {% if is_incremental() -%}
    where loaded_at > {{ newest('batch_at', this) }}
    {%- endif %}
    group by visitor_no

),

{% if is_incremental() -%}
links as (

    select * from {{ ref('int_identity_links') }}

),

new_links as (

    select * from links
    where loaded_at > {{ newest('batch_at', this) }}

),

anonymous_histories as (

    select
        accepted.anonymous_no as visitor_no,
        min(accepted.event_at) as touched_from
    from accepted
    inner join new_links on accepted.anonymous_no = new_links.anonymous_no
    where accepted.customer_no is null
    group by accepted.anonymous_no

),

-- The history of a device goes from one owner to another: the device itself, or a customer seen on it before.
former_and_new_owners as (

    select distinct
        accepted.customer_no as visitor_no,
        anonymous_histories.touched_from
    from accepted
    inner join anonymous_histories on accepted.anonymous_no = anonymous_histories.visitor_no
    where accepted.customer_no is not null

),
{%- endif %}

touched as (

    select * from new_events
    {% if is_incremental() -%}
    union all
    select * from anonymous_histories
    union all
    select * from former_and_new_owners
    {%- endif %}

),

final as (

    select
        visitor_no,
        min(touched_from) as touched_from,
        (select max(accepted.loaded_at) from accepted) as batch_at
    from touched
    group by visitor_no

)

select * from final
