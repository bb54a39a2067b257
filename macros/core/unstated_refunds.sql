{#- CTEs, `unstated_refunds` the last of them, of what refunds give back that say nothing of their amount: of an item what
    was paid for as many pieces of it, else what is left of their order. Only what was booked before counts, of the same
    visitor; the shop itself may refund anybody. Without a known order nothing is known. `lines` is a CTE of order lines,
    with `is_numbered` where they name their order. -#}
{% macro unstated_refunds(lines) -%}
{%- set line = ['source', 'order_line_id', 'order_key', 'visitor_no', 'item_id', 'booked_at', 'sequence_no', 'act_rank'] -%}
{%- set acts = order_of_acts(event_at='booked_at', event_id='order_line_id') -%}
unstated as (

    select
        {{ line | join(', ') }},
        abs(quantity) as quantity
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
        and (unstated.visitor_no = lines.visitor_no or unstated.visitor_no is null)
        and unstated.booked_at >= lines.booked_at
    group by {{ prefixed('unstated', line + ['quantity']) | join(', ') }}

),

-- Of an item no more than was bought of it, however often it is refunded.
pieces_so_far as (

    select
        *,
        sum(coalesce(quantity, item_pieces)) over (
            partition by order_key, visitor_no, item_id order by {{ acts }} rows unbounded preceding
        ) as pieces
    from known_of_orders

),

given_back_items as (

    select
        *,
        {{ at_least(at_most(
            'item_amount * (least(pieces, item_pieces) - least(pieces - coalesce(quantity, item_pieces), item_pieces))'
            ~ ' / nullif(item_pieces, 0e0)', 'paid_amount - stated_amount'
        ), '0e0') }} as given_back_amount,
        row_number() over (
            partition by order_key, visitor_no, case when item_id is null then 1 else 0 end order by {{ acts }}
        ) as whole_no
    from pieces_so_far

),

unstated_refunds as (

    select
        source,
        order_line_id,
        0e0 - case
            when item_id is not null then given_back_amount
            when whole_no > 1 then 0e0 * paid_amount
            else {{ at_least(
                'paid_amount - stated_amount - coalesce(sum(given_back_amount) over ('
                ~ 'partition by order_key, visitor_no order by ' ~ acts
                ~ ' rows between unbounded preceding and 1 preceding), 0e0)', '0e0'
            ) }}
        end as amount
    from given_back_items

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
