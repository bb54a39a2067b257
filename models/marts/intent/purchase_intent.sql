-- How likely a recent session is to end in a purchase, and its visitor to buy within a week, after its first, third,
-- fifth and tenth event: from what was known at that event and nothing later. Sessions that are known to be a bot's by
-- now are left out.
with

scored as (

    select * from {{ ref('scored_intent') }}

),

sessions as (

    select * from {{ ref('sessions') }}

),

final as (

    select
        scored.session_id,
        sessions.customer_key,

        scored.prefix_length,
        scored.session_probability,
        scored.week_probability,

        scored.is_open,
        scored.prefix_length = max(scored.prefix_length) over (partition by scored.session_id) as is_latest,

        sessions.started_at,
        scored.prefix_at as known_until,
        scored.cutoff_date as as_of_date,

        scored.run_id as model_run_id
    from scored
    inner join sessions on scored.session_id = sessions.session_id
    where not sessions.is_bot

)

select * from final
