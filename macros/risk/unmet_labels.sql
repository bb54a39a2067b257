{#- CTEs, `unmet_labels` the last of them, of the labels of fraud that meet no attempt to pay: they name neither a payment, an
    error or a line of an order that is there, nor an order that one of these has. -#}
{% macro unmet_labels() -%}
{%- set attempted = "('payment', 'payment_error', 'purchase')" -%}
labels as (

    select
        source,
        order_id,
        labelled_event_id
    from {{ ref('int_accepted_events') }}
    where event_type in {{ label_event_types() }}

),

attempted_orders as (

    select distinct order_id
    from {{ ref('int_stitched_events') }}
    where event_type in {{ attempted }}
        and order_id in (select labels.order_id from labels)

),

attempted_events as (

    select distinct event_id
    from {{ ref('int_stitched_events') }}
    where event_type in {{ attempted }}
        and event_id in (select labels.labelled_event_id from labels)

),

unmet_labels as (

    select
        labels.source,
        'events' as entity,
        case when labels.labelled_event_id is null then 'order_id' else 'labelled_event_id' end as column_name,
        'no payment and no order of this name is there, so the label says nothing' as reason
    from labels
    left join attempted_orders on labels.order_id = attempted_orders.order_id
    left join attempted_events on labels.labelled_event_id = attempted_events.event_id
    where attempted_orders.order_id is null
        and attempted_events.event_id is null

)
{%- endmacro %}
