-- What moves each score, by idea: contributions that add up to the score that is served, from a base that is a constant
-- of the training. One row for each score, horizon, customer (or session, for intent) and idea. Scores that do not pass
-- their gates have no rows, as in their own marts, and neither have the sessions of bots.
{%- set events = "prefix_length || ' event' || case when prefix_length > 1 then 's' else '' end" %}
with

customers as (

    select * from {{ ref('int_customers') }}

),

sessions as (

    select * from {{ ref('sessions') }}
    where not is_bot

),

held_back as (

    select * from {{ ref('int_held_back_scores') }}

),

of_customers as (

    select
        attributions.*,
        customers.customer_key
    from {{ ref('scored_attributions') }} as attributions
    inner join customers on attributions.customer_no = customers.customer_no

),

of_sessions as (

    select
        attributions.*,
        sessions.customer_key,
        case
            when attributions.horizon_days = 0 then 'in session, after '
            else '7 days, after '
        end || {{ events }} as population
    from {{ ref('scored_intent_attributions') }} as attributions
    inner join sessions on attributions.session_id = sessions.session_id

),

{%- set columns %}
        customer_key,
        session_id,

        score,
        idea,
        method,

        horizon_days,
        prefix_length,
        idea_rank,
        contribution,
        standard_error,
        base,
        score_value,
        gap,
        link_contribution,
        link_base,
        link_score,
        bound_by_days,

        cutoff_date as as_of_date,
        run_id as model_run_id
{%- endset %}

shown_customers as (

    select * from of_customers
    where not exists (
            select 1 from held_back
            where held_back.score = of_customers.score
                and held_back.horizon_days = of_customers.horizon_days
                and held_back.population is null
        )

),

shown_sessions as (

    select * from of_sessions
    where not exists (
            select 1 from held_back
            where held_back.score = of_sessions.score
                and held_back.horizon_days = of_sessions.horizon_days
                and (held_back.population is null or held_back.population = of_sessions.population)
        )

),

final as (

    select
{{- columns }}
    from shown_customers
    union all
    select
{{- columns }}
    from shown_sessions

)

select * from final
