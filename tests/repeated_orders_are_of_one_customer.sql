-- An order that is sent again names the customer who placed it, or nobody. Where more than a tenth of the repeated
-- lines name another known customer, or a single one does so more than `order_window_days` later, order numbers may
-- begin again, and orders of strangers with equal lines are left out. The more numbers have come back so late with
-- another customer and other lines (`reused_number_count`), the more speaks for that.
{{ config(severity='warn') }}

with

uncounted as (

    select * from {{ ref('int_uncounted_lines') }}

),

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

repeats as (

    select
        uncounted.source,
        uncounted.order_id,
        uncounted.is_of_another_customer,
        accepted.customer_no
    from uncounted
    inner join accepted
        on uncounted.event_id = accepted.event_id
        and uncounted.order_id = accepted.order_id
        and uncounted.source = accepted.source
    where uncounted.reason = 'repeated'

),

repeated_orders as (

    select distinct
        source,
        order_id
    from repeats

),

-- Those whose lines count.
buyers as (

    select distinct
        accepted.source,
        accepted.order_id,
        accepted.customer_no
    from accepted
    inner join repeated_orders
        on accepted.order_id = repeated_orders.order_id
        and accepted.source = repeated_orders.source
    left join uncounted
        on accepted.event_id = uncounted.event_id
        and accepted.order_id = uncounted.order_id
        and accepted.source = uncounted.source
    where uncounted.event_id is null
        and accepted.customer_no is not null

),

known_orders as (

    select distinct
        source,
        order_id
    from buyers

),

reused_numbers as (

    select
        accepted.source,
        accepted.order_id
    from accepted
    left join uncounted
        on accepted.event_id = uncounted.event_id
        and accepted.order_id = uncounted.order_id
        and accepted.source = uncounted.source
    where uncounted.event_id is null
        and accepted.customer_no is not null
        and accepted.event_type in ('purchase', 'order_update')
    group by accepted.source, accepted.order_id
    having min(accepted.customer_no) <> max(accepted.customer_no)
        and {{ seconds_between('min(accepted.event_at)', 'max(accepted.event_at)') }}
        > {{ var('order_window_days') * 86400 }}

),

reused as (

    select
        source,
        count(*) as reused_number_count
    from reused_numbers
    group by source

),

final as (

    select
        repeats.source,
        count(*) as repeated_line_count,
        count(
            case when known_orders.order_id is not null and buyers.order_id is null then 1 end
        ) as line_count_of_others,
        count(case when repeats.is_of_another_customer then 1 end) as late_line_count_of_others
    from repeats
    left join known_orders
        on repeats.order_id = known_orders.order_id
        and repeats.source = known_orders.source
        and repeats.customer_no is not null
    left join buyers
        on repeats.order_id = buyers.order_id
        and repeats.source = buyers.source
        and repeats.customer_no = buyers.customer_no
    group by repeats.source

)

select
    final.source,
    final.repeated_line_count,
    final.line_count_of_others,
    final.late_line_count_of_others,
    coalesce(reused.reused_number_count, 0) as reused_number_count,
    'if order numbers begin again, send ids that are unique, set var order_numbers_restart to true, or declare the rows'
    || ' as records (var custom_rows_are)' as what_to_do
from final
left join reused on final.source = reused.source
where final.line_count_of_others > 1e-1 * final.repeated_line_count
    or final.late_line_count_of_others > 0
