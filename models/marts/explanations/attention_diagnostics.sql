-- How much attention of the encoder reaches each event of the customers whose scores are explained by events, and how
-- far its order is that of integrated gradients. A diagnostic of the encoder and no explanation of a score: attention
-- does not know what a score makes of an event.
with

events as (

    select * from {{ ref('scored_event_attributions') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

-- Scores share the events of a customer, and the attention that reaches them.
merged as (

    select
        customer_no,
        item_id,
        event_type,
        event_no,
        visit_no,
        acted_on,
        cutoff_date,
        max(rollout) as rollout,
        avg(rank_correlation) as rank_correlation,
        count(*) as score_count
    from events
    group by
        customer_no,
        item_id,
        event_type,
        event_no,
        visit_no,
        acted_on,
        cutoff_date

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
