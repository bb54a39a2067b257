-- How likely a recent session is to end in a purchase, and its visitor to buy within a week, after its first, third,
-- fifth and tenth event: from what was known at that event and nothing later. Sessions that are known to be a bot's by
-- now are left out. A chance that does not pass its gates after so many events is null, and a row without any is left
-- out.
{%- set events = "scored.prefix_length || ' event' || case when scored.prefix_length > 1 then 's' else '' end" %}
with

scored_intent as (

    select
        *,
        {{ is_shown('intent', days=0, population="'in session, after ' || " ~ events) }} as has_session,
        {{ is_shown('intent', days=7, population="'7 days, after ' || " ~ events) }} as has_week
    from {{ ref('scored_intent') }} as scored

),

scored as (

    select
        *,
        case when has_session then session_probability end as shown_session_probability,
        case when has_week then week_probability end as shown_week_probability
    from scored_intent
    where has_week
        or (has_session and session_probability is not null)

),

sessions as (

    select * from {{ ref('sessions') }}

),

-- The longest prefix that a session has reached is explained.
reasons as (

    select
        session_id,
        prefix_length,
        {{- placed_reasons('session', 'horizon_days = 0') }},
        {{- placed_reasons('week', 'horizon_days > 0') }}
    from {{ ref('score_attributions') }}
    where score = 'intent'
        and idea_rank <= 3
    group by
        session_id,
        prefix_length

),

final as (

    select
        scored.session_id,
        sessions.customer_key,

        {{ prefixed('reasons', reason_columns('session') + reason_columns('week')) | join(', ') }},

        scored.prefix_length,
        scored.shown_session_probability as session_probability,
        scored.shown_week_probability as week_probability,

        scored.is_open,
        scored.prefix_length = max(scored.prefix_length) over (partition by scored.session_id) as is_latest,

        sessions.started_at,
        scored.prefix_at as known_until,
        scored.cutoff_date as as_of_date,

        scored.run_id as model_run_id
    from scored
    inner join sessions on scored.session_id = sessions.session_id
    left join reasons
        on scored.session_id = reasons.session_id
        and scored.prefix_length = reasons.prefix_length
    where not sessions.is_bot

)

select * from final
