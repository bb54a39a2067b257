-- What moves each score, by idea: contributions that add up to the score that is served, from a base that is a constant
-- of the training. One row for each score, horizon, customer (or session, for intent) and idea. Scores that do not pass
-- their gates have no rows, as in their own marts, and neither have the sessions of bots.
{%- set columns = [
    'score', 'idea', 'method', 'horizon_days', 'idea_rank', 'contribution', 'standard_error', 'base', 'score_value',
    'gap', 'link_contribution', 'link_base', 'link_score', 'bound_by_days', 'cutoff_date', 'run_id',
] %}
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

attributions as (

    select
        customers.customer_key,
        cast(null as {{ dbt.type_string() }}) as session_id,
        cast(null as integer) as prefix_length,
        {%- for column in columns %}
        scored.{{ column }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as population
    from {{ ref('scored_attributions') }} as scored
    inner join customers on scored.customer_no = customers.customer_no
    union all
    select
        sessions.customer_key,
        scored.session_id,
        scored.prefix_length,
        {%- for column in columns %}
        scored.{{ column }},
        {%- endfor %}
        case when scored.horizon_days = 0 then 'in session' else '7 days' end
        || ', after ' || scored.prefix_length || ' event' || case when scored.prefix_length > 1 then 's' else '' end
            as population
    from {{ ref('scored_intent_attributions') }} as scored
    inner join sessions on scored.session_id = sessions.session_id

),

final as (

    select
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
    from attributions
    where not exists (
            select 1 from held_back
            where held_back.score = attributions.score
                and held_back.horizon_days = attributions.horizon_days
                and (held_back.population is null or held_back.population = attributions.population)
        )

)

select * from final
