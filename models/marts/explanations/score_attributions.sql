-- What moves each score, by idea: contributions that add up to the served score. One row a score, horizon, customer (or
-- session, or customer and item) and idea; none of scores that do not pass their gates, and none of sessions of bots.
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

words as (

    select * from {{ words() }}

),

-- Tiers are shown next to amounts: customer_value has neither where amounts do not pass.
held_back as (

    select
        score,
        population,
        horizon_days
    from {{ ref('int_held_back_scores') }}
    union all
    select
        'tier' as score,
        population,
        horizon_days
    from {{ ref('int_held_back_scores') }}
    where score = 'value'

),

attributions as (

    select
        customers.customer_key,
        cast(null as {{ dbt.type_string() }}) as session_id,
        cast(null as {{ dbt.type_string() }}) as item_id,
        cast(null as integer) as prefix_length,
        {%- for column in columns %}
        scored.{{ column }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as population
    from {{ ref('scored_attributions') }} as scored
    inner join customers on scored.customer_no = customers.customer_no
    union all
    select
        customers.customer_key,
        cast(null as {{ dbt.type_string() }}) as session_id,
        scored.item_id,
        cast(null as integer) as prefix_length,
        {%- for column in columns %}
        scored.{{ column }},
        {%- endfor %}
        case when not scored.is_repeat then 'new items only' end as population
    from {{ ref('int_recommendation_attributions') }} as scored
    inner join customers on scored.customer_no = customers.customer_no
    union all
    select
        sessions.customer_key,
        scored.session_id,
        cast(null as {{ dbt.type_string() }}) as item_id,
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

-- An idea that is a feature of one's own has no words, and is said by its name. What adds nothing moves nothing. A rate
-- is the customer's own, or of another number of days; what they did with an item, other than buying it or that.
named as (

    select
        *,
        case
            when idea = 'rate' and method <> 'own_rate' then 'stretched'
            when idea = 'personal' and population = 'new items only' then 'personal_new'
            else idea
        end as said_idea,
        case when contribution < 0 then 'down' when contribution > 0 then 'up' end as direction
    from attributions
    where not exists (
            select 1 from held_back
            where held_back.score = attributions.score and held_back.horizon_days = attributions.horizon_days
                and (held_back.population is null or held_back.population = attributions.population)
        )

),

final as (

    select
        md5(concat_ws(
            '|', named.score, named.horizon_days, coalesce(named.session_id, named.customer_key), named.item_id,
            named.idea
        )) as attribution_id,

        named.customer_key,
        named.session_id,
        named.item_id,

        named.score,
        named.idea,
        named.method,
        {{ sentence('coalesce(known.text, others.text)', {'idea': "replace(named.idea, '_', ' ')"}) }} as reason,
        coalesce(known.message_key, others.message_key) as reason_key,

        named.horizon_days,
        named.prefix_length,
        named.idea_rank,
        named.contribution,
        named.standard_error,
        named.base,
        named.score_value,
        named.gap,
        named.link_contribution,
        named.link_base,
        named.link_score,
        named.bound_by_days,

        named.cutoff_date as as_of_date,
        named.run_id as model_run_id
    from named
    left join words as known
        on known.message_key = 'idea.' || named.said_idea || '.' || named.direction and named.idea_rank <= 3
    left join words as others
        on others.message_key = 'idea.other.' || named.direction and named.idea_rank <= 3

)

select * from final
