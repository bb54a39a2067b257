-- How much attention of the encoder reaches each event of the customers whose scores are explained by events, and how
-- far its order is that of integrated gradients. A diagnostic of the encoder and no explanation of a score: attention
-- does not know what a score makes of an event. Scores that do not pass their gates count for nothing here.
with

events as (

    select * from {{ ref('scored_event_attributions') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

held_back as (

    select * from {{ ref('int_held_back_scores') }}
    where population is null

),

-- Scores share the events of a customer, and the attention that reaches them.
merged as (

    select
        events.customer_no,
        events.item_id,
        events.event_type,
        events.event_no,
        events.visit_no,
        events.acted_on,
        events.cutoff_date,
        max(events.rollout) as rollout,
        avg(events.rank_correlation) as rank_correlation,
        count(*) as score_count
    from events
    left join held_back
        on events.score = held_back.score
        and events.horizon_days = held_back.horizon_days
    where held_back.score is null
    group by
        events.customer_no,
        events.item_id,
        events.event_type,
        events.event_no,
        events.visit_no,
        events.acted_on,
        events.cutoff_date

),

final as (

    select
        customers.customer_key,

        merged.item_id,
        merged.event_type,

        merged.event_no,
        merged.visit_no,
        merged.rollout,
        cast(
            row_number() over (
                partition by customers.customer_key
                order by merged.rollout desc, merged.event_no asc
            ) as integer
        ) as rollout_rank,
        merged.rank_correlation,
        merged.score_count,

        merged.acted_on,
        merged.cutoff_date as as_of_date
    from merged
    inner join customers on merged.customer_no = customers.customer_no

)

select * from final
