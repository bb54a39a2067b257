{#- What has moved since int_payment_attempts was last made: events, orders, visitors and devices. -#}

{#- Event types that attempts to pay are made of. -#}
{% macro attempted_event_types() -%}
    ('payment', 'payment_error', 'purchase')
{%- endmacro %}


{#- CTEs of what has moved since this table was last brought up to date, `moved_orders` the last of them: events that have
    left, visitors whose history moved, devices with another owner, devices on which a customer was or is not any more seen,
    and the ids of orders of which a line came, left, was decided about or went to somebody else. -#}
{% macro moved_since(since) -%}
{%- set seen = at_least('event_at', 'received_at') -%}
withdrawn as (

    select * from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ since }}

),

arrived as (

    select * from {{ ref('int_accepted_events') }}
    where loaded_at > {{ since }}

),

decisions as (

    select * from {{ ref('int_order_decisions') }}

),

touched_visitors as {{ read_once() }} (

    select distinct visitor_no from {{ ref('int_touched_visitors') }}
    where batch_at > {{ since }}

),

linked_anew as {{ read_once() }} (
    {{ devices_linked_anew(since) }}
),

named_devices as {{ read_once() }} (

    select
        anonymous_no,
        min(seen_at) as seen_at
    from (
        select
            anonymous_no,
            {{ seen }} as seen_at
        from arrived
        where customer_no is not null
            and anonymous_no is not null
            and event_type not in {{ label_event_types() }}
        union all
        select
            anonymous_no,
            {{ seen }} as seen_at
        from withdrawn
        where customer_no is not null
            and anonymous_no is not null
    ) as sightings
    group by anonymous_no

),

moved_orders as {{ read_once() }} (

    select order_id from arrived
    where order_id is not null

    union

    select order_id from withdrawn
    where order_id is not null

    union

    select order_id from decisions
    where decided_at > {{ since }}

    union

    select accepted.order_id
    from {{ ref('int_accepted_events') }} as accepted
    inner join linked_anew on accepted.anonymous_no = linked_anew.anonymous_no
    where accepted.order_id is not null

    union

    select decisions.order_id
    from decisions
    inner join linked_anew on decisions.anonymous_no = linked_anew.anonymous_no

    union

    -- A label that names an event that has left is of its order now, whoever has that.
    select labels.order_id
    from labels
    inner join withdrawn on labels.labelled_event_id = withdrawn.event_id
    where labels.order_id is not null

)
{%- endmacro %}
