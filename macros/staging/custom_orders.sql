{#- Whether a row of an order file stands for its order and is no line of it: it has neither item nor value. -#}
{% macro stands_for_order() -%}
    item_id is null and quantity is null and unit_price is null and amount is null
{%- endmacro %}


{#- Why a row that stands for an order is no event: other rows of its type are the lines. -#}
{% macro header_row_reason() %}
    {% do return('not an event of the journey: the row stands for an order whose lines are rows of their own') %}
{% endmacro %}


{#- CTEs, `versioned` the last of them, of rows of order files with `has_left`: an order that came again with a newer
    `updated_at` is what its newest version says. A line that this version lacks has left, and so has one that it says is
    no purchase any more (its status was mapped to nothing). Only what surely came again is judged: one of its lines, by its
    own id or by its item, is in the newest version and in an older one, and rows of one file have one `updated_at`. Where
    each line has one of its own, a file may hold what has changed alone. Rows that stand for orders are judged among
    themselves. -#}
{% macro custom_versioned_rows(rows) -%}
{%- set owner = 'coalesce(customer_id, device_id)' -%}
{%- set order_columns = ['order_id', 'owner_id', 'event_at', 'is_bare'] -%}
{%- set is_of_orders = "(event_type = 'purchase' or rejection like 'not an event of the journey: %')" -%}
versions as (

    select
        order_id,
        {{ owner }} as owner_id,
        event_at,
        {{ stands_for_order() }} as is_bare,
        event_id,
        case when event_id like '{{ made_line_prefix() }}%' then coalesce(item_id, '') else event_id end as line_name,
        input_file,
        rejection is not null as is_no_purchase,
        updated_at
    from {{ rows }}
    where order_id is not null
        and updated_at is not null
        and {{ is_of_orders }}

),

-- Orders whose files each say one time, and not all the same.
restated_orders as (

    select
        {{ order_columns | join(', ') }},
        max(updated_at) as newest_at
    from (
        select
            {{ order_columns | join(', ') }},
            input_file,
            min(updated_at) as updated_at,
            min(updated_at) <> max(updated_at) as is_mixed
        from versions
        group by {{ order_columns | join(', ') }}, input_file
    ) as files
    group by {{ order_columns | join(', ') }}
    having min(updated_at) <> max(updated_at)
        and count(case when is_mixed then 1 end) = 0

),

restated_lines as (

    select
        versions.*,
        restated_orders.newest_at,
        min(versions.updated_at) over line_of_order < restated_orders.newest_at
            and max(versions.updated_at) over line_of_order = restated_orders.newest_at as has_come_again,
        max(versions.updated_at) over (partition by versions.event_id) as line_updated_at
    from versions
    inner join restated_orders
        on {% for name in order_columns -%}
        versions.{{ name }} is not distinct from restated_orders.{{ name }}{{ '\n        and ' if not loop.last }}
        {%- endfor %}
    window line_of_order as (partition by {{ prefixed('versions', order_columns + ['line_name']) | join(', ') }})

),

judged_lines as (

    select
        *,
        count(case when has_come_again then 1 end) over (partition by {{ order_columns | join(', ') }}) > 0
            as is_of_restated_order,
        max(case when updated_at = line_updated_at and is_no_purchase then 1 else 0 end) over (partition by event_id) = 1
            as is_no_purchase_now
    from restated_lines

),

lines_that_left as (

    select distinct
        event_id,
        updated_at
    from judged_lines
    where is_of_restated_order
        and not is_no_purchase
        and (line_updated_at < newest_at or (is_no_purchase_now and updated_at < line_updated_at))

),

versioned as (

    select
        {{ rows }}.*,
        lines_that_left.event_id is not null as has_left
    from {{ rows }}
    left join lines_that_left
        on {{ rows }}.event_id = lines_that_left.event_id
        and {{ rows }}.updated_at = lines_that_left.updated_at

)
{%- endmacro %}


{#- Why a row of an order file does not count, besides what is wrong with it, as SQL. -#}
{% macro custom_rejection() -%}
    case
            when rejection is not null then rejection
            when has_left then {{ sql_text('superseded: a newer version of the order has not this line') }}
            when is_bare and line_count > 0 then {{ sql_text(header_row_reason()) }}
        end
{%- endmacro %}


{#- The columns that a line may take from the row that stands for its order. Times stay its own. -#}
{% macro columns_of_headers() %}
    {% set names = ['source_event_name'] %}
    {% for name in columns_of_orders() if name not in ('event_at', 'received_at', 'event_type') %}
        {% do names.append(name) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- CTEs, `headed` the last of them, of converted rows of order files with what the row that stands for their order says,
    in columns named header_…, where it has another time than its lines: Magento writes orders and their items one after
    the other. Such a row, of which no line has the time, belongs to the lines of its number that are nearest in time, at
    most `order_window_days` away, and that name no other customer, device or event; not to lines that are a day and more
    further away than its nearest, which are of an order whose own row is missing. -#}
{% macro custom_headed_rows(rows) -%}
{%- set shared = columns_of_headers() -%}
{%- set key = ['order_id', 'event_at'] -%}
{%- set owned = key + ['customer_id', 'device_id', 'source_event_name'] -%}
headers as (

    select
        {{ key | join(', ') }},
        {%- for name in shared %}
        case when min({{ name }}) = max({{ name }}) then min({{ name }}) end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ rows }}
    where order_id is not null
        and event_at is not null
        and {{ stands_for_order() }}
    group by {{ key | join(', ') }}

),

times_of_lines as (

    select distinct {{ prefixed('lines', owned) | join(', ') }}
    from {{ rows }} as lines
    inner join (select distinct order_id from headers) as headed_orders on lines.order_id = headed_orders.order_id
    where lines.event_at is not null
        and not ({{ stands_for_order() }})

),

headers_without_lines as (

    select headers.*
    from headers
    where not exists (
        select 1 from times_of_lines
        where times_of_lines.order_id = headers.order_id
            and times_of_lines.event_at = headers.event_at
            and coalesce(times_of_lines.source_event_name = headers.source_event_name, true)
    )

),

choices_of_headers as (

    select
        {{ prefixed('times_of_lines', owned) | join(', ') }},
        headers.event_at as header_at,
        {%- for name in shared %}
        headers.{{ name }} as header_{{ name }},
        {%- endfor %}
        abs({{ seconds_between('headers.event_at', 'times_of_lines.event_at') }}) as seconds_away,
        row_number() over (
            partition by {{ prefixed('times_of_lines', owned) | join(', ') }}
            order by abs({{ seconds_between('headers.event_at', 'times_of_lines.event_at') }}), headers.event_at
        ) as choice_no
    from times_of_lines
    inner join headers_without_lines as headers
        on times_of_lines.order_id = headers.order_id
        and abs({{ seconds_between('headers.event_at', 'times_of_lines.event_at') }})
            <= {{ var('order_window_days') * 86400 }}
        {%- for name in ['customer_id', 'device_id', 'source_event_name'] %}
        and coalesce(times_of_lines.{{ name }} = headers.{{ name }}, true)
        {%- endfor %}
    where not exists (
        select 1 from headers as own
        where own.order_id = times_of_lines.order_id and own.event_at = times_of_lines.event_at
    )

),

choices_of_lines as (

    select
        *,
        min(seconds_away) over (partition by order_id, header_at) as least_seconds_away
    from choices_of_headers
    where choice_no = 1

),

-- A row that stands for an order and does not say whose it is takes that from its lines.
owners_of_headers as (

    select
        order_id,
        header_at,
        case when min(customer_id) = max(customer_id) then min(customer_id) end as customer_id,
        case when min(device_id) = max(device_id) then min(device_id) end as device_id
    from choices_of_lines
    where seconds_away - least_seconds_away < 86400
        and header_customer_id is null
        and header_device_id is null
    group by order_id, header_at

),

headed as (

    select
        {{ rows }}.*,
        coalesce(chosen.header_at, {{ rows }}.event_at) as placed_at,
        {%- for name in shared %}
        {%- if name in ['customer_id', 'device_id'] %}
        coalesce(chosen.header_{{ name }}, owners.{{ name }}) as header_{{ name }},
        {%- else %}
        chosen.header_{{ name }},
        {%- endif %}
        {%- endfor %}
        chosen.header_at is not null as has_header_elsewhere
    from {{ rows }}
    left join choices_of_lines as chosen
        on {% for name in owned -%}
        {{ rows }}.{{ name }} {{ '=' if name in key else 'is not distinct from' }} chosen.{{ name }}
        and {% endfor -%}
        chosen.seconds_away - chosen.least_seconds_away < 86400
        and not ({% for name in ['item_id', 'quantity', 'unit_price', 'amount'] -%}
            {{ rows }}.{{ name }} is null{{ ' and ' if not loop.last }}
        {%- endfor %})
    left join owners_of_headers as owners
        on {{ rows }}.order_id = owners.order_id
        and {{ rows }}.event_at = owners.header_at
        and {{ rows }}.customer_id is null
        and {{ rows }}.device_id is null
        and {% for name in ['item_id', 'quantity', 'unit_price', 'amount'] -%}
            {{ rows }}.{{ name }} is null{{ ' and ' if not loop.last }}
        {%- endfor %}

)
{%- endmacro %}


{#- Columns of rows, each as the row has it, else, in order files, as the row that stands for the order has it. What says
    that the shop itself led to the visit, or nothing did, is said as in all sources; what a cancellation says of its order
    is what it lists. -#}
{% macro own_or_of_header(alias, names) -%}
    {%- set shared = columns_of_headers() if custom_rows_are_records() else [] -%}
    {%- set medium = alias ~ '.traffic_medium' -%}
    {%- if 'traffic_medium' in shared -%}
    {%- set medium = 'coalesce(' ~ medium ~ ', ' ~ alias ~ '.header_traffic_medium)' -%}
    {%- endif -%}
    {%- for name in names -%}
    {%- set own = alias ~ '.' ~ name -%}
    {%- set sql = 'coalesce(' ~ own ~ ', ' ~ alias ~ '.header_' ~ name ~ ')' if name in shared else own -%}
    {%- if name == 'channel' -%}
    {{ own_channel(sql) }} as {{ name }}
    {%- elif name == 'amount' -%}
    case when not {{ alias }}.is_cancellation then {{ own }} end as amount
    {%- elif name == 'listed_amount' -%}
    case
            when {{ alias }}.is_cancellation
                then coalesce({{ alias }}.amount, coalesce({{ alias }}.quantity, 1e0) * {{ alias }}.unit_price)
        end as listed_amount
    {%- elif name in ['traffic_source', 'traffic_medium', 'campaign'] -%}
    case when not {{ is_the_shop_itself(medium) }} then {{ sql }} end as {{ name }}
    {%- else -%}
    {{ sql }}{{ ' as ' ~ name if name in shared }}
    {%- endif -%}
    {{ ',\n        ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The note on a line that took what its order says from a row of another time. -#}
{% macro custom_header_notes(alias) %}
    {% do return([{
        'column': 'event_at', 'example': none, 'when': alias ~ '.has_header_elsewhere',
        'reason': "'the row that stands for the order has another time than this line'"
    }]) %}
{% endmacro %}


{#- CTEs, `placed` the last of them, of lines with the time that their order is known by. Rows of one order may be written
    one after the other: what one customer has under one number within an hour of the time before is one order
    (`ordered_at` is its first time) if its rows say the same of it as a whole, or only some of them say it. Where they
    contradict each other (`is_disputed`), or none says anything, each time is for itself. Numbers that begin again the
    next day are other orders, though they may have the same discount. `lines` is a CTE of lines with `owner_id`,
    `placed_at` and `is_old`. -#}
{% macro custom_placed_orders(lines) -%}
{%- set wholes = [] -%}
{%- for name in names_of(custom_order_columns(), 'number') if not name.startswith('line_') -%}
{%- do wholes.append(name) -%}
{%- endfor -%}
orders_of_several_times as (

    select
        order_id,
        owner_id
    from {{ lines }}
    where order_id is not null
        and owner_id is not null
        and event_type = 'purchase'
    group by order_id, owner_id
    having min(placed_at) <> max(placed_at)

),

times_of_orders as (

    select
        lines.order_id,
        lines.owner_id,
        lines.placed_at,
        {%- for name in wholes %}
        max(abs(lines.{{ name }})) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ lines }} as lines
    inner join orders_of_several_times
        on lines.order_id = orders_of_several_times.order_id
        and lines.owner_id = orders_of_several_times.owner_id
    where lines.event_type = 'purchase'
        and not lines.is_old
    group by lines.order_id, lines.owner_id, lines.placed_at

),

pauses_of_orders as (

    select
        *,
        case
            when {{ seconds_between('lag(placed_at) over history', 'placed_at') }}
                > 3600
                then 1
        end as begins_flag
    from times_of_orders
    window history as (partition by order_id, owner_id order by placed_at)

),

occasions as (

    select
        *,
        count(begins_flag) over (
            partition by order_id, owner_id order by placed_at rows between unbounded preceding and current row
        ) as occasion_no
    from pauses_of_orders

),

judged_occasions as (

    select
        order_id,
        owner_id,
        placed_at,
        min(placed_at) over occasion as first_placed_at,
        count(*) over occasion > 1 as has_several_times,
        coalesce(max(coalesce({{ wholes | join(', ') }})) over occasion, -1e0) >= 0e0 as is_stated,
        {% for name in wholes -%}
        coalesce(min({{ name }}) over occasion <> max({{ name }}) over occasion, false){{ '\n        or ' if not loop.last }}
        {%- endfor %} as is_disputed
    from occasions
    window occasion as (partition by order_id, owner_id, occasion_no)

),

order_times as (

    select
        order_id,
        owner_id,
        placed_at,
        case when is_stated and not is_disputed then first_placed_at else placed_at end as ordered_at,
        is_stated and has_several_times as is_of_several_times,
        is_disputed
    from judged_occasions

),

placed as (

    select
        lines.*,
        coalesce(order_times.ordered_at, lines.placed_at) as ordered_at,
        coalesce(order_times.is_of_several_times, false) as is_of_several_times,
        coalesce(order_times.is_disputed, false) as is_disputed
    from {{ lines }} as lines
    left join order_times
        on lines.order_id = order_times.order_id
        and lines.owner_id = order_times.owner_id
        and lines.placed_at = order_times.placed_at

)
{%- endmacro %}


{#- What an order says of itself as a whole, in the newest versions of its rows; an older version speaks for itself. Of an
    amount also whether these disagree: a refund grows, anything else should say the same. -#}
{% macro custom_said_of_order(name, kind) -%}
    {%- set value = 'abs(' ~ name ~ ')' if kind == 'number' else name -%}
    {%- set newest = 'case when not is_old then ' ~ value ~ ' end' -%}
    coalesce(case when is_old then {{ value }} end, max({{ newest }}) over whole_order) as whole_{{ name }}
    {%- if name in custom_agreed_amounts() %},
        coalesce(min({{ newest }}) over whole_order <> max({{ newest }}) over whole_order, false) as has_other_{{ name }}
    {%- endif %}
{%- endmacro %}


{#- The amounts of an order as a whole of which all its rows should say the same. -#}
{% macro custom_agreed_amounts() %}
    {% do return(['order_amount', 'order_discount', 'order_shipping', 'order_tax', 'included_tax']) %}
{% endmacro %}


{#- Whether a line of an order is in some files that have lines of its order and not in all: the order got it later, or lost
    it. So is one that the last of these files, by name, calls no purchase. -#}
{% macro custom_is_in_some_files() -%}
    {%- set file_of_line = "case when event_type = 'purchase' and not is_bare then input_file end" -%}
    {%- set file_of_row = "case when event_type <> 'refund' and not is_bare then input_file end" -%}
    coalesce(
            min({{ file_of_line }}) over (partition by event_id) > min({{ file_of_line }}) over whole_order
            or max({{ file_of_line }}) over (partition by event_id) < max({{ file_of_row }}) over whole_order,
            false
        )
{%- endmacro %}


{#- What rows of one order share. Numbers that begin again are orders of their own; rows without one are, too. -#}
{% macro custom_order_partition() -%}
    order_id, owner_id, ordered_at, case when order_id is null then event_id end
{%- endmacro %}


{#- Notes on an order whose own amount is not what its lines come to after discounts, on one whose lines lack what was
    given back, and on one whose rows have several times; and on lines that are not in all files which have their order. -#}
{% macro custom_order_notes() %}
    {% set is_first = "place_no = 1 and event_type = 'purchase'" %}
    {% set differs = [] %}
    {% for name in custom_agreed_amounts() %}
        {% do differs.append('has_other_' ~ name) %}
    {% endfor %}
    {% do return(order_value_notes(
        'order_amount', 'order_value',
        '(lines_value - coalesce(whole_order_discount, 0e0) - coalesce(whole_included_tax, 0e0) + missing_amount)',
        is_first ~ ' and lines_value > 0e0', 'whole_order_discount is null'
    ) + [
        {
            'column': 'order_amount', 'example': none, 'when': '(' ~ is_first ~ ' and missing_amount > 0e0)',
            'reason': "'more than the lines of the order come to, from which a refund is missing: they share the difference'"
        },
        {
            'column': 'order_amount', 'example': none, 'when': '(' ~ is_first ~ ' and (' ~ differs | join(' or ') ~ '))',
            'reason': "'rows of the order say other amounts or discounts of it, and none is newer: the largest count'"
        },
        {
            'column': 'event_at', 'example': none, 'when': '(' ~ is_first ~ ' and is_of_several_times and not is_disputed)',
            'reason': "'rows of the order have several times: what they say of it as a whole counts once'"
        },
        {
            'column': 'order_id', 'example': none, 'when': '(' ~ is_first ~ ' and is_disputed)',
            'reason': "'rows of this number and customer say other values of the order at other times: orders of their own'"
        },
        {
            'column': 'order_id', 'example': none, 'when': '(copy_no = 1 and is_in_some_files)',
            'reason': "'other files have the order and not this line, or call it no purchase: it counts all the same'"
        },
        {
            'column': 'amount', 'example': none,
            'when': '(copy_no = 1 and item_id is null and quantity is null and line_value > 0e0'
                ~ ' and abs(lines_value - 2e0 * line_value) < 5e-3)',
            'reason': "'a row without an item is worth as much as all other lines of its order: perhaps the total"
                ~ " (order_amount), which counts as a line'"
        }
    ]) %}
{% endmacro %}
