-- Where each customer stands in her life with the shop, on each cut-off date: exactly one state. Told from what lies
-- before the date alone, so the states of a past date stay as they are unless late events change that past.
{%- set lapsed_days = var('lifecycle_lapsed_days') %}
with

features as (

    select * from {{ ref('int_customer_features') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

-- Days on which she did something herself. What the shop sends or books is no visit.
visit_days as (

    select
        customer_no,
        active_on,
        cart_count
    from customer_days
    where session_count > 0
        or view_count > 0
        or search_count > 0
        or cart_count > 0
        or order_count > 0

),

first_days as (

    select
        customer_no,
        min(active_on) as first_seen_on
    from customer_days
    group by customer_no

),

activations as (

    select
        visit_days.customer_no,
        min(visit_days.active_on) as activated_on
    from visit_days
    inner join first_days on visit_days.customer_no = first_days.customer_no
    where visit_days.cart_count > 0
        or visit_days.active_on > first_days.first_seen_on
    group by visit_days.customer_no

),

-- Only customers without an order are judged by their visits.
last_visits as (

    select
        features.customer_no,
        features.cutoff_date,
        max(visit_days.active_on) as last_visited_on
    from features
    inner join visit_days
        on features.customer_no = visit_days.customer_no
        and features.cutoff_date > visit_days.active_on
    where features.f_order_days = 0
    group by features.customer_no, features.cutoff_date

),

-- The first date that knows of a day. What lies between two dates is added up once and not at each later date again.
told_on as (

    select
        days.active_on,
        min(cutoffs.cutoff_date) as cutoff_date
    from (select distinct customer_days.active_on from customer_days) as days
    inner join cutoffs on days.active_on < cutoffs.cutoff_date
    group by days.active_on

),

-- Decimals: sums of floats would depend on their order.
period_amounts as (

    select
        customer_days.customer_no,
        told_on.cutoff_date,
        sum(cast(customer_days.net_amount as decimal(18, 4))) as period_amount
    from customer_days
    inner join told_on on customer_days.active_on = told_on.active_on
    where customer_days.net_amount <> 0
    group by customer_days.customer_no, told_on.cutoff_date

),

states as (

    select
        features.customer_no,
        features.cutoff_date,
        features.f_order_days,
        features.f_recency_days,
        features.f_tenure_days,
        case
            when features.f_order_days = 0
                and coalesce(
                    {{ days_between('last_visits.last_visited_on', 'features.cutoff_date') }}, features.f_tenure_days
                ) > {{ lapsed_days }} then 'lapsed'
            when features.f_order_days = 0 and activations.activated_on < features.cutoff_date then 'activation'
            when features.f_order_days = 0 then 'acquisition'
            {{ state_of_orders(
                'features.f_order_days', 'features.f_recency_days', 'features.f_last_gap_days'
            ) | indent(12) }}
        end as lifecycle_state
    from features
    left join activations on features.customer_no = activations.customer_no
    left join last_visits
        on features.customer_no = last_visits.customer_no
        and features.cutoff_date = last_visits.cutoff_date

),

followed as (

    select
        *,
        lag(lifecycle_state) over (partition by customer_no order by cutoff_date) as previous_state,
        lag(cutoff_date) over (partition by customer_no order by cutoff_date) as previous_cutoff_date,
        lag(f_order_days) over (partition by customer_no order by cutoff_date) as previous_order_days
    from states

),

final as (

    select
        followed.customer_no,
        followed.cutoff_date,
        followed.previous_cutoff_date,

        followed.lifecycle_state,
        followed.previous_state,

        cast(followed.f_order_days as integer) as order_day_count,
        cast(followed.previous_order_days as integer) as previous_order_day_count,
        cast(followed.f_recency_days as integer) as recency_days,
        cast(followed.f_tenure_days as integer) as tenure_days,
        cast(sum(coalesce(period_amounts.period_amount, 0)) over so_far as double) as net_amount,
        cast(coalesce(period_amounts.period_amount, 0) as double) as period_amount,

        max(
            case
                when followed.previous_state is null or followed.lifecycle_state <> followed.previous_state
                    then followed.cutoff_date
            end
        ) over so_far as state_since
    from followed
    left join period_amounts
        on followed.customer_no = period_amounts.customer_no
        and followed.cutoff_date = period_amounts.cutoff_date
    window so_far as (partition by followed.customer_no order by followed.cutoff_date)

)

select * from final
