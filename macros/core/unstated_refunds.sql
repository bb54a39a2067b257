{#- CTEs, `unstated_refunds` the last of them, of what refunds give back that do not say it: of an item what was paid for as
    many pieces of it, else what is left of their order, and at most what they list (`listed_amount`). Together they give
    back no more than is left of the order. Only what was placed before counts, of the same buyer, even if the order was
    updated after the refund; the shop itself may refund anybody, and a server may know the customer where the browser
    knew the device. Without a known order nothing is known. `lines` is a CTE of order lines, with `is_numbered` where they name their order. -#}
{% macro unstated_refunds(lines) -%}
{%- set line = [
    'source', 'order_line_id', 'order_key', 'visitor_no', 'customer_no', 'item_id', 'listed_amount', 'booked_at',
    'sequence_no', 'act_rank'
] -%}
{%- set acts = order_of_acts(event_at='booked_at', event_id='order_line_id') -%}
{%- set so_far = 'over (partition by order_key order by ' ~ acts ~ ' rows unbounded preceding)' -%}
unstated as (

    select
        {{ line | join(', ') }},
        abs(coalesce(quantity, case when listed_amount is not null then 1e0 end)) as quantity
    from {{ lines }}
    where event_type = 'refund'
        and amount is null
        and is_numbered

),

known_of_orders as (

    select
        {{ prefixed('unstated', line + ['quantity']) | join(', ') }},
        sum(case when lines.event_type = 'purchase' then lines.amount end) as paid_amount,
        coalesce(sum(case when lines.event_type = 'refund' then -lines.amount end), 0e0) as stated_amount,
        sum(case when lines.event_type = 'purchase' and lines.item_id = unstated.item_id then lines.amount end)
            as item_amount,
        sum(
            case
                when lines.event_type = 'purchase' and lines.item_id = unstated.item_id
                    then coalesce(lines.quantity, 1e0)
            end
        ) as item_pieces
    from unstated
    inner join {{ lines }} as lines
        on unstated.order_key = lines.order_key
        and (
            unstated.visitor_no = lines.visitor_no
            or unstated.customer_no is null
            or lines.customer_no is null
        )
        and unstated.booked_at >= lines.placed_at
    group by {{ prefixed('unstated', line + ['quantity']) | join(', ') }}

),

-- Of an item no more than was bought of it, however often it is refunded.
pieces_so_far as (

    select
        *,
        sum(coalesce(quantity, item_pieces)) over (
            partition by order_key, item_id order by {{ acts }} rows unbounded preceding
        ) as pieces
    from known_of_orders

),

asked as (

    select
        *,
        case
            when item_id is not null
                then item_amount
                    * (
                        {{ at_most('pieces', 'item_pieces') }}
                        - {{ at_most('(pieces - coalesce(quantity, item_pieces))', 'item_pieces') }}
                    )
                    / nullif(item_pieces, 0e0)
            when listed_amount is null then paid_amount
        end as paid_for_it
    from pieces_so_far

),

limited as (

    select
        *,
        case
            when paid_for_it is null then listed_amount
            when listed_amount is null then paid_for_it
            else {{ at_most('paid_for_it', 'listed_amount') }}
        end as asked_amount,
        {{ at_least('paid_amount - stated_amount', '0e0') }} as left_amount
    from asked

),

summed as (

    select
        *,
        sum(asked_amount) {{ so_far }} as asked_so_far
    from limited

),

-- After each refund they have given back what they ask for in all, less what was too much at this one or one before.
bounded as (

    select
        *,
        min(left_amount - asked_so_far) {{ so_far }} as spare_amount
    from summed

),

given_back as (

    select
        *,
        asked_so_far + {{ at_most('coalesce(spare_amount, 0e0)', '0e0') }} as given_so_far
    from bounded

),

compared_refunds as (

    select
        *,
        coalesce(lag(given_so_far) over (partition by order_key order by {{ acts }}), 0e0) as given_before
    from given_back

),

unstated_refunds as (

    select
        source,
        order_line_id,
        case
            when paid_amount is not null and asked_amount is not null
                then 0e0 - {{ at_least('given_so_far - given_before', '0e0') }}
        end as amount
    from compared_refunds

)
{%- endmacro %}


{#- The numbered orders of which more was given back than was paid, as a query: one row an order, with both sums. An order
    of which nothing was bought is not known. Half a cent is no difference. -#}
{% macro refunds_beyond_payment() -%}
    select
        order_lines.source,
        order_lines.order_key,
        sum(case when order_lines.event_type = 'purchase' then order_lines.amount end) as paid_amount,
        sum(case when order_lines.event_type = 'refund' then 0e0 - order_lines.amount end) as given_back_amount
    from {{ ref('int_order_lines') }} as order_lines
    inner join (
        select distinct refunds.order_key
        from {{ ref('int_order_lines') }} as refunds
        inner join {{ ref('int_accepted_events') }} as accepted
            on refunds.order_line_id = accepted.event_id
            and refunds.source = accepted.source
        where refunds.event_type = 'refund'
            and accepted.order_id is not null
    ) as refunded on order_lines.order_key = refunded.order_key
    group by order_lines.source, order_lines.order_key
    having sum(case when order_lines.event_type = 'purchase' then order_lines.amount end) + 0.005e0
        < sum(case when order_lines.event_type = 'refund' then 0e0 - order_lines.amount end)
{%- endmacro %}
