-- Which events moved a score by way of the encoder's state, for customers at the top of lists: one row for each score,
-- horizon, customer and event. `link_base` and the contributions add up to what `encoder_state` adds in
-- score_attributions, to 1 % of what they move. Scores that do not pass their gates have no rows.
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

final as (

    select
        customers.customer_key,

        events.item_id,
        events.score,
        events.event_type,

        events.horizon_days,
        events.event_no,
        events.visit_no,
        events.event_rank,
        events.link_contribution,
        events.link_base,
        events.link_score,
        events.gap,
        events.step_count,

        events.acted_on,
        events.cutoff_date as as_of_date,

        events.run_id as model_run_id
    from events
    inner join customers on events.customer_no = customers.customer_no
    left join held_back
        on events.score = held_back.score
        and events.horizon_days = held_back.horizon_days
    where held_back.score is null

)

select * from final
