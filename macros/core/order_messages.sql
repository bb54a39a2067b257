{#- The event types whose lines belong to orders. The lines of an `order_update` are purchases that take the place of those
    before; whoever reads them downstream sees purchases (`int_stitched_events`). -#}
{% macro order_event_types() -%}
    ('purchase', 'refund', 'order_update')
{%- endmacro %}


{#- CTEs, `judged` the last of them, that say which messages about orders do not count, and why. A message is made of the
    lines of one order id at one time, from one customer and device, that were sent together (`sent_from`); of several
    events of one moment each is one, where the source numbers them (`base_event_no`). The lines of an update are a
    message of their own.
    `repeated`: its lines are among those that messages before it have held, as many times; a refund only if more would
    be given back than was paid. `superseded`: the order was updated after it.
    `lines` is a CTE of all lines of the orders in question. -#}
{% macro order_messages(lines) -%}
{%- set kind = ['source', 'order_id', 'is_refund'] -%}
{%- set message = kind + ['event_at', 'is_update', 'customer_no', 'anonymous_no', 'base_event_no', 'sent_from'] -%}
{%- set line = ['item_id', 'quantity', 'unit_price', 'amount'] -%}
-- Most orders are sent once, and nothing has to be decided about them.
orders_of_several_messages as (

    select distinct
        source,
        order_id
    from {{ lines }}
    group by {{ kind | join(', ') }}
    having min(event_at) <> max(event_at)
        or count(case when is_update then 1 end) between 1 and count(*) - 1
        or min(coalesce(customer_no, -1)) <> max(coalesce(customer_no, -1))
        or min(coalesce(anonymous_no, -1)) <> max(coalesce(anonymous_no, -1))
        or min(coalesce(base_event_no, -1)) <> max(coalesce(base_event_no, -1))
        or min(sent_from) <> max(sent_from)

),

sent as (

    select
        {{ prefixed('lines', message + line + ['event_id', 'received_at']) | join(', ') }},
        lines.event_at as sent_at,
        min(lines.received_at) over message as first_received_at,
        min(lines.event_id) over message as first_event_id
    from {{ lines }} as lines
    inner join orders_of_several_messages
        on lines.source = orders_of_several_messages.source
        and lines.order_id = orders_of_several_messages.order_id
    window message as (partition by {{ prefixed('lines', message) | join(', ') }})

),

-- Of one moment an update comes last: it says what the order is from then on. The first event id is a keyed hash: it
-- settles ties the same way whatever the order of arrival.
numbered as (

    select
        *,
        dense_rank() over (
            partition by {{ kind | join(', ') }}
            order by sent_at, case when is_update then 1 else 0 end, first_received_at, first_event_id
        ) as message_no
    from sent

),

different_lines as (

    select
        {{ (kind + ['message_no'] + line) | join(', ') }},
        count(*) as copy_count,
        max(case when is_update then 1 else 0 end) as update_flag
    from numbered
    group by {{ (kind + ['message_no'] + line) | join(', ') }}

),

held as (

    select
        *,
        coalesce(max(copy_count) over (
            partition by {{ (kind + line) | join(', ') }}
            order by message_no rows between unbounded preceding and 1 preceding
        ), 0) as held_count
    from different_lines

),

messages as (

    select
        {{ (kind + ['message_no']) | join(', ') }},
        max(update_flag) as update_flag,
        min(case when copy_count <= held_count then 1 else 0 end) as again_flag,
        sum(copy_count * amount) as amount
    from held
    group by {{ (kind + ['message_no']) | join(', ') }}

),

compared as (

    select
        *,
        max(case when update_flag = 1 then message_no end) over (
            partition by {{ kind | join(', ') }}
        ) as last_update_no,
        sum(abs(amount)) over (
            partition by {{ kind | join(', ') }} order by message_no
            rows between unbounded preceding and current row
        ) as total_amount
    from messages

),

judged_purchases as (

    select
        *,
        case
            when again_flag = 1 and update_flag = 0 then 'repeated'
            when message_no < last_update_no then 'superseded'
        end as reason
    from compared
    where not is_refund

),

paid as (

    select
        source,
        order_id,
        sum(amount) as amount
    from judged_purchases
    where reason is null
    group by source, order_id

),

-- Two equal refunds may be of two pieces: the second is a repeat where it would give back more than was paid.
judged as (

    select
        {{ (kind + ['message_no']) | join(', ') }},
        reason
    from judged_purchases

    union all

    select
        {{ prefixed('compared', kind + ['message_no']) | join(', ') }},
        case
            when compared.again_flag = 1 and compared.total_amount > coalesce(paid.amount, 0e0) + 0.005e0
                then 'repeated'
        end as reason
    from compared
    left join paid
        on compared.source = paid.source
        and compared.order_id = paid.order_id
    where compared.is_refund

)
{%- endmacro %}


{#- The number of the event that a line came with. Rows of one's own tables are lines, each with a number of its own. -#}
{% macro base_event_no(alias) -%}
    case when {{ alias }}.source <> 'custom' then {{ alias }}.sequence_no end
{%- endmacro %}


{#- What the lines of one message about an order share besides time and visitor: a browser says more of itself than a
    server. Where an event holds all lines of an order, they arrive together; in other sources each line may come by
    itself. -#}
{% macro sent_from(alias) -%}
    case
            when {{ alias }}.event_type = 'order_update' then ''
            else concat_ws(
                ' ', coalesce({{ alias }}.session_hint, '-'), coalesce({{ alias }}.device, '-'),
                coalesce({{ alias }}.channel, '-'), case
                    when {{ alias }}.source in {{ in_sources(['ga4', 'segment', 'snowplow']) }}
                        then {{ microseconds_of(alias ~ '.received_at') }}
                end
            )
        end
{%- endmacro %}


{#- What becomes of a row that breaks the contract or was withdrawn, by the reason: one of the terms of the row equation. -#}
{% macro outcome_of(reason) -%}
    case
            when {{ reason }} in ('withdrawn: superseded', 'withdrawn: restated') or {{ reason }} like 'superseded: %'
                then 'superseded'
            when {{ reason }} in ('erased', 'withdrawn: erased') then 'erased'
            when {{ reason }} = 'withdrawn: expired' or {{ reason }} like 'expired: %' then 'expired'
            else 'rejected'
        end
{%- endmacro %}


{#- Of a log of decisions, the newest of each event. -#}
{% macro newest_decisions(relation) -%}
    select decisions.*
    from {{ relation }} as decisions
    inner join (
        select
            source,
            event_id,
            max(decided_at) as decided_at
        from {{ relation }}
        group by source, event_id
    ) as newest
        on decisions.source = newest.source
        and decisions.event_id = newest.event_id
        and decisions.decided_at = newest.decided_at
{%- endmacro %}


{#- CTEs, `uncounted_rows` the last of them, with the raw rows of the order lines that do not count, of a CTE of arrivals. -#}
{% macro uncounted_rows(arrivals) -%}
uncounted as (

    select * from {{ ref('int_uncounted_lines') }}

),

uncounted_days as (

    select distinct
        source,
        {{ utc_date('received_at') }} as received_on
    from uncounted

),

-- Only where there are such lines is a key made of each line of an order.
lines_of_days as (

    select
        arrivals.*,
        {{ event_key('arrivals') }} as event_key
    from {{ arrivals }} as arrivals
    inner join uncounted_days
        on arrivals.source = uncounted_days.source
        and arrivals.received_on = uncounted_days.received_on
    where arrivals.reason is null
        and arrivals.order_id is not null
        and arrivals.event_type in {{ order_event_types() }}

),

-- The delivery that was accepted is the first; the others are duplicates.
uncounted_lines as (

    select
        lines_of_days.*,
        uncounted.reason as uncounted_reason,
        row_number() over (
            partition by lines_of_days.source, lines_of_days.event_key
            order by {{ delivery_digest('lines_of_days') }}
        ) as copy_no
    from lines_of_days
    inner join uncounted
        on lines_of_days.source = uncounted.source
        and lines_of_days.event_key = uncounted.event_id
        and lines_of_days.received_at = uncounted.received_at

),

uncounted_rows as (

    select
        source,
        event_key as event_id,
        event_type,
        event_at,
        received_at,
        case when uncounted_reason = 'repeated' then 'duplicate' else uncounted_reason end as outcome,
        case
            when uncounted_reason = 'repeated' then 'the order was sent before'
            else 'the order was updated later'
        end as reason,
        raw_row
    from uncounted_lines
    where copy_no = 1

)
{%- endmacro %}
