{#- Whose attempts a run of int_payment_attempts makes anew, and with whom it has to look at them. -#}

{#- CTEs that say whose attempts are made anew (`again`), and with whom (`scope`): a label of an order that several visitors
    have is of one of their attempts, so where one of these moves, all of them are looked at. What is of nobody is always
    made anew; it is few rows. A visitor's attempts are made anew with all of their history. -#}
{% macro visitors_again(stitched) -%}
{%- set since = newest('loaded_at', this) -%}
{{ moved_since(since) }},

{{ moved_attempts() }},

-- Acts that any of these may be about: read once, as all acts are many.
tried as {{ read_once() }} (

    select
        event_id,
        visitor_no,
        anonymous_no,
        order_id,
        is_named,
        event_at
    from {{ stitched }}
    where event_type in {{ attempted_event_types() }}
        and (
            order_id in (select moved_orders.order_id from moved_orders where moved_orders.order_id is not null)
            or order_id in (select labels.order_id from labels where labels.order_id is not null)
            or event_id in (select moved_attempts.attempt_id from moved_attempts)
            or event_id in (select labels.labelled_event_id from labels where labels.labelled_event_id is not null)
            or anonymous_no in (select named_devices.anonymous_no from named_devices)
        )

),

moved_visitors as {{ read_once() }} (

    select visitor_no from touched_visitors

    union

    select tried.visitor_no
    from tried
    inner join moved_orders on tried.order_id = moved_orders.order_id

    union

    select tried.visitor_no
    from tried
    inner join moved_attempts on tried.event_id = moved_attempts.attempt_id

    union

    select tried.visitor_no
    from tried
    inner join named_devices
        on tried.anonymous_no = named_devices.anonymous_no
        and tried.event_at > named_devices.seen_at
    where not tried.is_named

    union

    select cast(null as bigint) as visitor_no

),

label_visitors as {{ read_once() }} (

    select
        labels.event_id as label_id,
        labels.loaded_at > {{ since }} as is_new,
        tried.visitor_no
    from labels
    inner join tried on labels.labelled_event_id = tried.event_id

    union all

    select
        labels.event_id as label_id,
        labels.loaded_at > {{ since }} as is_new,
        tried.visitor_no
    from labels
    inner join tried on labels.order_id = tried.order_id

),

again as {{ read_once() }} (

    select visitor_no from moved_visitors

    union

    select label_visitors.visitor_no
    from label_visitors
    inner join ({{ labels_of('moved_visitors', 'is_new') }}) as touched on label_visitors.label_id = touched.label_id

),

scope as {{ read_once() }} (

    select visitor_no from again

    union

    select label_visitors.visitor_no
    from label_visitors
    inner join ({{ labels_of('again', 'false') }}) as touched on label_visitors.label_id = touched.label_id

)
{%- endmacro %}


{#- The labels that may be of an attempt of a CTE of visitors, or of which a condition holds. -#}
{% macro labels_of(visitors, condition) -%}
    select distinct label_visitors.label_id
    from label_visitors
    left join {{ visitors }} as visitors on label_visitors.visitor_no is not distinct from visitors.visitor_no
    where {{ condition }}
        or visitors.visitor_no is not null
        or label_visitors.visitor_no is null
{%- endmacro %}


{#- A join to those whose attempts a run looks at; nothing in a full build. -#}
{% macro in_scope(alias) -%}
    {%- if is_incremental() %}
    inner join scope on {{ alias }}.visitor_no is not distinct from scope.visitor_no
    {%- endif -%}
{%- endmacro %}
