-- The behavioural segments: where each begins, and what its customers did after the day it was learned on.
{%- set longest_horizon = var('horizons_days') | max %}
with

thresholds as (

    select * from {{ ref('int_segment_thresholds') }}

),

states as (

    select * from {{ ref('int_segment_states') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

members as (

    select
        states.customer_no,
        states.segment_no
    from states
    inner join thresholds
        on states.cutoff_date = thresholds.learned_on
        and states.segment_no = thresholds.segment_no

),

learned as (

    select distinct learned_on from thresholds

),

what_they_did as (

    select
        customer_days.customer_no,
        count(*) as order_day_count,
        sum(customer_days.spend_amount) as spend_amount
    from customer_days
    inner join learned
        on customer_days.active_on >= learned.learned_on
        and customer_days.active_on < {{ dbt.dateadd('day', longest_horizon, 'learned.learned_on') }}
    where customer_days.is_order_day
    group by customer_days.customer_no

),

learnt as (

    select
        members.segment_no,
        count(*) as customer_count,
        avg(case when what_they_did.customer_no is not null then 1.0 else 0.0 end) as purchase_share,
        avg(coalesce(what_they_did.order_day_count, 0)) as mean_order_days,
        avg(coalesce(what_they_did.spend_amount, 0)) as mean_amount
    from members
    left join what_they_did on members.customer_no = what_they_did.customer_no
    group by members.segment_no

),

known as (

    select
        thresholds.*,
        coalesce(learnt.customer_count, 0) as customer_count,
        learnt.purchase_share,
        learnt.mean_order_days,
        learnt.mean_amount,
        {{ dbt.dateadd('day', longest_horizon, 'thresholds.learned_on') }} <= thresholds.as_of_date as is_closed
    from thresholds
    left join learnt on thresholds.segment_no = learnt.segment_no

),

final as (

    select
        segment_no,

        segment,

        lower_share,
        lower_score,
        upper_score,
        customer_count,
        {{ longest_horizon }} as horizon_days,
        case when is_closed then purchase_share end as purchase_share,
        case when is_closed then mean_order_days end as mean_order_days,
        case when is_closed then mean_amount end as mean_amount,

        learned_on
    from known

)

select * from final
