{#- The event types whose lines belong to orders. The lines of an `order_update` are purchases that take the place of those
    before; whoever reads them downstream sees purchases (`int_stitched_events`). -#}
{% macro order_event_types() -%}
    ('purchase', 'refund', 'order_update')
{%- endmacro %}


{#- CTEs, `uncounted` and `updated` the last of them, of the lines of messages about orders that do not count, and why; and of
    those that updates have brought, with the time of the first message of their order, and of orders whose lines another
    customer's of that number had before (`is_of_another_customer`). A message is made of the
    lines of one order id at one time, from one customer and device, that were sent together (`sent_from`); of several
    events of one moment each is one, where it is known which line came with which (`base_event`). The lines of an update
    are a message of their own.
    `repeated`: its lines are among those that messages before it have held, as many times; a refund only if more would
    be given back than was paid for the order; what only lists prices gives back no more, so it is one only where the order
    is not known. `superseded`: the order was updated after it. `itemised`: it is the total of an order whose items are
    events of their own (`is_single_item`), or came with another message and cost no more.
    `lines` is a CTE of all lines of the orders in question, with the visitor of each; those of ledgers are left out,
    which hold each once. Order ids are keys, which no two sources share. -#}
{% macro order_messages(lines) -%}
{%- set kind = ['order_id', 'is_refund'] -%}
{%- set message = kind + ['event_at', 'is_update', 'customer_no', 'anonymous_no', 'base_event', 'sent_from'] -%}
{%- set line = ['item_id', 'quantity', 'unit_price', 'amount', 'listed_amount'] -%}
{%- set counts = ['copy_count', 'update_flag', 'single_flag'] -%}
{%- set who = ['source', 'visitor_no', 'known_customer_no', 'sent_at', 'sent_on'] -%}
messages_sent as (

    select * from {{ lines }}
    where source in {{ in_sources(event_sources()) }}

),

-- Most orders are sent once, and nothing has to be decided about them.
orders_of_several_messages as (

    select distinct order_id
    from messages_sent
    group by {{ kind | join(', ') }}
    having min(event_at) <> max(event_at)
        or count(case when is_update then 1 end) between 1 and count(*) - 1
        or min(coalesce(customer_no, -1)) <> max(coalesce(customer_no, -1))
        or min(coalesce(anonymous_no, -1)) <> max(coalesce(anonymous_no, -1))
        or min(coalesce(base_event, '-')) <> max(coalesce(base_event, '-'))
        or min(sent_from) <> max(sent_from)

),

sent as (

    select
        {{ prefixed('lines', ['source'] + message + line + ['event_id', 'received_at']) | join(', ') }},
        lines.is_single_item,
        lines.visitor_no,
        lines.known_customer_no,
        lines.event_at as sent_at,
        lines.shop_day as sent_on,
        min(lines.received_at) over message as first_received_at,
        min(lines.event_id) over message as first_event_id
    from messages_sent as lines
    inner join orders_of_several_messages on lines.order_id = orders_of_several_messages.order_id
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
        {{ (kind + ['message_no'] + who + line) | join(', ') }},
        count(*) as copy_count,
        max(case when is_update then 1 else 0 end) as update_flag,
        max(case when is_single_item then 1 else 0 end) as single_flag
    from numbered
    group by {{ (kind + ['message_no'] + who + line) | join(', ') }}

),

{{ held_messages('different_lines', kind, line, kind + ['message_no'] + who + line + counts) }},

messages_said as (

    select
        {{ (kind + ['message_no'] + who) | join(', ') }},
        max(update_flag) as update_flag,
        max(case when new_flag = 0 then 1 else 0 end) as held_flag,
        max(case when item_id is not null then 1 else 0 end) as item_flag,
        max(single_flag) as single_flag,
        sum(copy_count * amount) as amount,
        sum(copy_count * abs(listed_amount)) as listed_amount
    from held_messages
    group by {{ (kind + ['message_no'] + who) | join(', ') }}

),

{{ messages_of_others() }},

messages as (

    select
        {{ prefixed('messages_said', kind + ['message_no'] + who + [
            'update_flag', 'item_flag', 'single_flag', 'amount', 'listed_amount'
        ]) | join(', ') }},
        case when messages_said.held_flag = 1 and messages_of_others.order_id is not null then 1 else 0 end as other_flag,
        {% if var('order_numbers_restart') -%}
        case when messages_of_others.order_id is not null then 0 else messages_said.held_flag end as again_flag
        {%- else -%}
        messages_said.held_flag as again_flag
        {%- endif %}
    from messages_said
    left join messages_of_others
        on messages_said.order_id = messages_of_others.order_id
        and messages_said.message_no = messages_of_others.message_no
        and not messages_said.is_refund

),

{{ orders_of_messages() }},

compared as (

    select
        {{ prefixed('messages', kind + [
            'message_no', 'source', 'update_flag', 'item_flag', 'again_flag', 'other_flag', 'amount', 'listed_amount',
            'sent_at'
        ]) | join(', ') }},
        messages_of_orders.order_no,
        max(case when messages.update_flag = 1 then messages.message_no end) over of_order as last_update_no,
        min(case when messages_of_orders.order_no is not null then messages.sent_at end) over of_order as first_sent_at,
        max(case when messages_of_orders.order_no is not null then messages.item_flag end) over of_order as order_item_flag,
        max(messages.single_flag) over of_order as order_single_flag,
        sum(case when messages.item_flag = 1 then messages.amount end) over of_order as items_amount,
        sum(abs(messages.amount)) over (
            partition by messages.order_id, messages.is_refund, messages_of_orders.order_no order by messages.message_no
            rows between unbounded preceding and current row
        ) as total_amount
    from messages
    left join messages_of_orders
        on messages.order_id = messages_of_orders.order_id
        and messages.is_refund = messages_of_orders.is_refund
        and messages.message_no = messages_of_orders.message_no
    window of_order as (partition by messages.order_id, messages.is_refund, messages_of_orders.order_no)

),

judged_purchases as (

    select
        *,
        case
            when again_flag = 1 and update_flag = 0 then 'repeated'
            when message_no < last_update_no then 'superseded'
            when item_flag < order_item_flag
                and source in {{ in_sources(sources_of_single_items()) }}
                and (order_single_flag = 1 or coalesce(amount > items_amount - 0.005e0, true))
                then 'itemised'
        end as reason
    from compared
    where not is_refund

),

paid as (

    select
        order_id,
        order_no,
        sum(amount) as amount
    from judged_purchases
    where reason is null
    group by order_id, order_no

),

-- Two equal refunds may be of two pieces: the second is a repeat where it would give back more than was paid.
judged as (

    select
        {{ (kind + ['message_no', 'reason']) | join(', ') }},
        case when update_flag = 1 and first_sent_at < sent_at then first_sent_at end as ordered_at,
        other_flag = 1 as is_of_another_customer
    from judged_purchases

    union all

    select
        {{ prefixed('compared', kind + ['message_no']) | join(', ') }},
        case
            when compared.again_flag = 1
                and coalesce(compared.total_amount, case when paid.order_id is null then compared.listed_amount end)
                > coalesce(paid.amount, 0e0) + 0.005e0
                then 'repeated'
        end as reason,
        cast(null as {{ moment_type() }}) as ordered_at,
        false as is_of_another_customer
    from compared
    left join paid
        on compared.order_id = paid.order_id
        and compared.order_no = paid.order_no
    where compared.is_refund

),

judged_lines as (

    select
        {{ prefixed('numbered', ['source', 'event_id', 'order_id']) | join(', ') }},
        judged.reason,
        {{ prefixed('numbered', ['event_at', 'received_at']) | join(', ') }},
        judged.ordered_at,
        judged.is_of_another_customer
    from numbered
    inner join judged
        on {% for column in kind + ['message_no'] -%}
        numbered.{{ column }} = judged.{{ column }}{{ '\n        and ' if not loop.last }}
        {%- endfor %}
    where judged.reason is not null
        or judged.ordered_at is not null
        or judged.is_of_another_customer

),

uncounted as (

    select
        source,
        event_id,
        order_id,
        reason,
        event_at,
        received_at,
        is_of_another_customer
    from judged_lines
    where reason is not null

),

updated as (

    select * from judged_lines
    where reason is null

)
{%- endmacro %}


{#- CTEs, `held_messages` the last of them, that say of each message whether its lines are among those that messages before
    it hold, as many times (`new_flag` 0), or not (1). A message that holds nothing new adds nothing, so which messages
    hold lines depends on those before them. At least as much is held as by any one message, and as by those that are known to
    be new; at most as much as by all that are not known to repeat. Each round settles the messages between which these
    two agree. After the last the few that are still open count as new: no money is hidden.
    `lines` is a CTE of the different lines of each message, with `columns`. -#}
{% macro held_messages(lines, kind, line, columns) -%}
{%- set before -%}
over (
            partition by {{ (kind + line) | join(', ') }}
            order by message_no rows between unbounded preceding and 1 preceding
        )
{%- endset -%}
open_messages as (

    select
        *,
        cast(null as integer) as new_flag
    from {{ lines }}

),

{% for round_no in range(3) -%}
{%- set known = 'open_messages' if loop.first else 'settled_' ~ loop.index0 -%}
bounds_{{ loop.index }} as (

    select
        *,
        greatest(
            coalesce(max(copy_count) {{ before }}, 0),
            coalesce(sum(case when new_flag = 1 then copy_count end) {{ before }}, 0)
        ) as least_held,
        coalesce(sum(case when coalesce(new_flag, 1) = 1 then copy_count end) {{ before }}, 0) as most_held
    from {{ known }}

),

{{ 'held_messages' if loop.last else 'settled_' ~ loop.index }} as (

    select
        {{ columns | join(', ') }},
        case
            when min(case when copy_count <= least_held then 1 else 0 end) over message = 1 then 0
            when max(case when copy_count > most_held then 1 else 0 end) over message = 1 then 1
        end as new_flag
    from bounds_{{ loop.index }}
    window message as (partition by {{ kind | join(', ') }}, message_no)

){{ ',\n\n' if not loop.last }}
{%- endfor %}
{%- endmacro %}


{#- CTEs, `messages_of_others` the last of them: the first message of each known customer who comes under an order id more
    than `order_window_days` after the first messages of others. Where numbers begin again (var `order_numbers_restart`)
    such a message is a new order even if its lines were bought under that number before. Numbers of customers depend on
    the order of arrival and settle no ties. -#}
{% macro messages_of_others() -%}
first_messages as (

    select
        order_id,
        known_customer_no,
        min(message_no) as message_no,
        min(sent_at) as first_at
    from messages_said
    where not is_refund
        and update_flag = 0
        and known_customer_no is not null
    group by order_id, known_customer_no

),

first_moments as (

    select distinct
        order_id,
        first_at
    from first_messages

),

pauses as (

    select
        order_id,
        first_at,
        {{ seconds_between('lag(first_at) over (partition by order_id order by first_at)', 'first_at') }} as pause_seconds
    from first_moments

),

messages_of_others as (

    select
        first_messages.order_id,
        first_messages.message_no
    from first_messages
    inner join pauses
        on first_messages.order_id = pauses.order_id
        and first_messages.first_at = pauses.first_at
    where pauses.pause_seconds > {{ var('order_window_days') * 86400 }}

)
{%- endmacro %}


{#- CTEs, `messages_of_orders` the last of them, of the messages of `messages` and the order of their number that each is
    about, `order_no`. One number may be of several orders: what a visitor buys within `order_window_days` of the message
    before is one. An update is of the order of its visitor, else of one whose buyer may be the same, because one of the
    two is not known; where it names nobody, or is a refund, of the latest at or before it. -#}
{% macro orders_of_messages() -%}
-- Repeats are of no order: they may name anybody. An update begins no order if its visitor has one of that number.
placed_messages as (

    select
        *,
        case
            when update_flag = 0
                and {{ seconds_between('lag(sent_at) over history', 'sent_at') }}
                > case when visitor_no is null then 0 else {{ var('order_window_days') * 86400 }} end
                then 1
        end as begins_flag
    from messages
    where not is_refund
        and (again_flag = 0 or update_flag = 1)
        and (visitor_no is not null or update_flag = 0)
    window history as (partition by order_id, visitor_no order by message_no)

),

numbered_orders as (

    select
        *,
        count(begins_flag) over (
            partition by order_id, visitor_no order by message_no rows between unbounded preceding and current row
        ) as visitor_order_no
    from placed_messages

),

placed_orders as (

    select
        order_id,
        visitor_no,
        known_customer_no,
        visitor_order_no,
        min(message_no) as order_no,
        min(case when update_flag = 0 then message_no end) as first_purchase_no,
        min(sent_at) as placed_at,
        min(sent_on) as placed_on
    from numbered_orders
    group by order_id, visitor_no, known_customer_no, visitor_order_no

),

-- A server may know the customer where the browser knew the device.
orders_begun_before as (

    select
        updates.order_id,
        updates.order_no,
        max(orders.order_no) as begun_no
    from placed_orders as updates
    inner join placed_orders as orders
        on updates.order_id = orders.order_id
        and orders.order_no < updates.order_no
        and orders.order_no = orders.first_purchase_no
        and (updates.known_customer_no is null or orders.known_customer_no is null)
    where updates.first_purchase_no is null
        or updates.first_purchase_no > updates.order_no
    group by updates.order_id, updates.order_no

),

orders_of_visitors as (

    select
        {{ prefixed('placed_orders', [
            'order_id', 'visitor_no', 'known_customer_no', 'visitor_order_no', 'placed_at', 'placed_on'
        ]) | join(', ') }},
        placed_orders.order_no as own_no,
        coalesce(orders_begun_before.begun_no, placed_orders.order_no) as order_no
    from placed_orders
    left join orders_begun_before
        on placed_orders.order_id = orders_begun_before.order_id
        and placed_orders.order_no = orders_begun_before.order_no

),

-- Of a day without a time the order may be later on that day.
candidates as (

    select
        {{ prefixed('messages', ['order_id', 'is_refund', 'message_no']) | join(', ') }},
        orders_of_visitors.order_no,
        rank() over (
            partition by messages.order_id, messages.is_refund, messages.message_no
            order by
                case when orders_of_visitors.visitor_no = messages.visitor_no then 0 else 1 end,
                case when orders_of_visitors.placed_at <= messages.sent_at then 0 else 1 end,
                abs({{ seconds_between('orders_of_visitors.placed_at', 'messages.sent_at') }}),
                case when orders_of_visitors.known_customer_no is null then 1 else 0 end
        ) as choice_no
    from messages
    inner join orders_of_visitors
        on messages.order_id = orders_of_visitors.order_id
        and messages.sent_on >= orders_of_visitors.placed_on
        and (messages.is_refund or messages.message_no > orders_of_visitors.own_no)
        and (
            messages.visitor_no = orders_of_visitors.visitor_no
            or messages.known_customer_no is null
            or orders_of_visitors.known_customer_no is null
        )
    where messages.is_refund
        or (messages.update_flag = 1 and messages.visitor_no is null)

),

-- Of two buyers at one moment nobody can say whose it is.
messages_of_orders as (

    select
        order_id,
        is_refund,
        message_no,
        min(order_no) as order_no
    from candidates
    where choice_no = 1
    group by order_id, is_refund, message_no
    having min(order_no) = max(order_no)

    union all

    select
        numbered_orders.order_id,
        false as is_refund,
        numbered_orders.message_no,
        orders_of_visitors.order_no
    from numbered_orders
    inner join orders_of_visitors
        on numbered_orders.order_id = orders_of_visitors.order_id
        and numbered_orders.visitor_no is not distinct from orders_of_visitors.visitor_no
        and numbered_orders.visitor_order_no = orders_of_visitors.visitor_order_no

)
{%- endmacro %}


{#- CTEs, `owners_by_order` the last of them, that say whose refunds and updates are that name an order and neither a
    customer nor a device: the buyer's of that order. Where several orders have that id, it is the latest at or before
    the moment; a day without a time may lie before its order, so else it is one of the same day. Nobody's are those
    whose order is not known, is nobody's, or may be one of several buyers'.
    `lines` is a CTE of all lines of the orders in question, `uncounted` one of those that do not count. -#}
{% macro owners_by_order(lines, uncounted) -%}
names_no_buyer as (

    select
        lines.source,
        lines.order_id,
        lines.event_id,
        lines.event_at,
        lines.shop_day,
        lines.received_at
    from {{ lines }} as lines
    left join {{ uncounted }} as uncounted
        on lines.source = uncounted.source
        and lines.event_id = uncounted.event_id
    where lines.customer_no is null
        and lines.anonymous_no is null
        and (lines.is_refund or lines.is_update)
        and uncounted.event_id is null

),

-- What was superseded was bought all the same; a repeat may name anybody.
bought_before as (

    select
        {{ prefixed('names_no_buyer', ['source', 'order_id', 'event_id', 'event_at', 'received_at']) | join(', ') }},
        {{ prefixed('lines', ['visitor_no', 'known_customer_no', 'customer_no', 'anonymous_no']) | join(', ') }},
        lines.event_at as bought_at,
        max(case when lines.event_at <= names_no_buyer.event_at then lines.event_at end)
            over (partition by names_no_buyer.source, names_no_buyer.event_id) as last_bought_at
    from names_no_buyer
    inner join {{ lines }} as lines
        on names_no_buyer.order_id = lines.order_id
        and names_no_buyer.shop_day >= lines.shop_day
    left join {{ uncounted }} as uncounted
        on lines.source = uncounted.source
        and lines.event_id = uncounted.event_id
    where not lines.is_refund
        and not (lines.is_update and lines.customer_no is null and lines.anonymous_no is null)
        and coalesce(uncounted.reason, 'counts') <> 'repeated'

),

-- One customer and a device of one moment are one buyer: it is the browser that does not say who that is. A device
-- that is theirs by a later login stays the device here, because they are not known to have bought before that.
owners_by_order as (

    select
        source,
        event_id,
        order_id,
        event_at,
        received_at,
        min(customer_no) as customer_no,
        case when count(customer_no) = 0 then min(anonymous_no) end as anonymous_no
    from bought_before
    where bought_at = last_bought_at or last_bought_at is null
    group by source, event_id, order_id, event_at, received_at
    having count(visitor_no) = count(*)
        and (
            min(visitor_no) = max(visitor_no)
            or (count(customer_no) > 0 and min(known_customer_no) = max(known_customer_no))
        )

)
{%- endmacro %}


{#- The orders that a run decides anew, as a query of their ids: those that a line came to or left, or that were bought on a
    device that has another owner now. `accepted` is a CTE of the lines of all orders, `since` the time of the run before. -#}
{% macro touched_orders(accepted, since) -%}
    select order_id
    from {{ accepted }}
    where loaded_at > {{ since }}
        and order_id is not null

    union

    select order_id
    from {{ ref('int_withdrawn_events') }}
    where withdrawn_at > {{ since }}
        and order_id is not null

    union

    select bought.order_id
    from {{ accepted }} as bought
    inner join ({{ devices_linked_anew(since) }}) as devices on bought.anonymous_no = devices.anonymous_no
    where bought.customer_no is null
        and bought.order_id is not null
{%- endmacro %}


{#- A CTE `decided` of what is decided about lines: those of `uncounted` do not count, those of `owners` belong to the buyer
    of the order, and those of `updated` are of an order that was placed before, or of another customer's order of that
    number. An update may be both. -#}
{% macro decided_lines(uncounted, owners, updated) -%}
{%- set line = ['source', 'event_id', 'order_id', 'event_at', 'received_at'] -%}
decisions_by_kind as (

    select
        {{ line | join(', ') }},
        reason,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as anonymous_no,
        cast(null as {{ moment_type() }}) as ordered_at,
        is_of_another_customer
    from {{ uncounted }}

    union all

    select
        {{ line | join(', ') }},
        cast(null as string) as reason,
        customer_no,
        anonymous_no,
        cast(null as {{ moment_type() }}) as ordered_at,
        false as is_of_another_customer
    from {{ owners }}

    union all

    select
        {{ line | join(', ') }},
        cast(null as string) as reason,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as anonymous_no,
        ordered_at,
        is_of_another_customer
    from {{ updated }}

),

decided as (

    select
        {{ line | join(', ') }},
        max(reason) as reason,
        max(customer_no) as customer_no,
        max(anonymous_no) as anonymous_no,
        max(ordered_at) as ordered_at,
        max(case when is_of_another_customer then 1 else 0 end) = 1 as is_of_another_customer
    from decisions_by_kind
    group by {{ line | join(', ') }}

)
{%- endmacro %}


{#- CTEs, `noted_orders` the last of them, of lines that name an order alone, and whether they found their buyer; of those
    that another customer's order of that number had more than `order_window_days` before, and whether they count; of
    refunds that do not say how much, of orders that are not known; and of orders of which more was given back than was
    paid. -#}
{% macro noted_orders() -%}
decisions as (
    {{ newest_decisions(ref('int_order_decisions')) }}
),

-- Whose these are may change with each delivery.
named_by_order as (

    select
        accepted.source,
        'events' as entity,
        'customer_id' as column_name,
        case
            when coalesce(decisions.customer_no, decisions.anonymous_no) is not null
                then 'only an order is named, so the row belongs to its buyer'
            else 'only an order is named, and its buyer is unknown, so the row belongs to nobody'
        end as reason
    from {{ ref('int_accepted_events') }} as accepted
    left join decisions
        on accepted.source = decisions.source
        and accepted.event_id = decisions.event_id
    where accepted.event_type in ('refund', 'order_update')
        and accepted.order_id is not null
        and accepted.customer_no is null
        and accepted.anonymous_no is null
        and decisions.reason is null

),

-- Their orders may come later.
refunds_of_unknown_orders as (

    select
        refunds.source,
        accepted.listed_amount
    from {{ ref('int_order_lines') }} as refunds
    inner join {{ ref('int_accepted_events') }} as accepted
        on refunds.order_line_id = accepted.event_id
        and refunds.source = accepted.source
    left join (
        select distinct order_key
        from {{ ref('int_order_lines') }}
        where event_type = 'purchase'
    ) as bought on refunds.order_key = bought.order_key
    where refunds.event_type = 'refund'
        and accepted.amount is null
        and (bought.order_key is null or accepted.order_id is null)

),

noted_orders as (

    select * from named_by_order

    union all

    select
        source,
        'events' as entity,
        'order_id' as column_name,
        case
            when reason is null
                then 'numbers begin again, so lines that another customer''s order of that number had are a new order'
                    || ' (var order_numbers_restart)'
            else 'another customer''s order of that number had the lines before, so they are left out'
                || ' (var order_numbers_restart)'
        end as reason
    from decisions
    where is_of_another_customer

    union all

    select
        source,
        'events' as entity,
        'amount' as column_name,
        case
            when listed_amount is not null then 'the order of the refund is not known, so what the refund lists counts'
            else 'the order of the refund is not known, so the refund is worth nothing'
        end as reason
    from refunds_of_unknown_orders

    union all

    select
        source,
        'events' as entity,
        'amount' as column_name,
        'the refunds of an order come to more than was paid for it, and are booked in full' as reason
    from ({{ refunds_beyond_payment() }}) as orders

)
{%- endmacro %}


{#- The event that a line came with, where that is known: by its key, else by its number. Rows of one's own tables are
    lines, each with a number of its own. -#}
{% macro base_event(alias) -%}
    coalesce(
            {{ alias }}.source_event_id,
            case when {{ alias }}.source <> 'custom' then cast({{ alias }}.sequence_no as string) end
        )
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
        case when uncounted_reason = 'repeated' then 'duplicate' else 'superseded' end as outcome,
        case
            when uncounted_reason = 'repeated' then 'the order was sent before'
            when uncounted_reason = 'itemised' then 'the total of an order whose items are events of their own'
            else 'the order was updated later'
        end as reason,
        raw_row
    from uncounted_lines
    where copy_no = 1

)
{%- endmacro %}
