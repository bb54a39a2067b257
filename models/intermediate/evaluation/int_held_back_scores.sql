-- What of the scores is not shown because a gate is not passed: one row for each part of a score. A part is a horizon
-- of churn, value or tiers; a moment of intent; or recommendations of all items or of new ones.
{%- set longest_judged = var('horizons_days') | max %}
with

gates as (

    select * from {{ ref('int_score_gates') }}
    where not is_passed

),

failed as (

    select
        score,
        horizon_days,
        case when population not in ('all', 'all items') then population end as population
    from gates

),

-- What is stretched from another horizon is no better than that one: scores say so in their method, extended_180d for
-- instance.
made_from as (
    {% for score, table in [('churn', 'scored_churn'), ('value', 'scored_value'), ('tier', 'scored_value')] %}
    select distinct
        '{{ score }}' as score,
        horizon_days,
        cast(
            replace(replace(replace(method, 'extended_', ''), 'shortened_', ''), 'd', '') as integer
        ) as from_horizon_days
    from {{ ref(table) }}
    where method like 'extended!_%' escape '!'
        or method like 'shortened!_%' escape '!'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Values beyond the horizons of churn are not back-tested, and no better than the longest of these.
beyond as (
    {% for days in var('value_horizons_days') | sort if days > longest_judged %}
    select
        score,
        {{ days }} as horizon_days,
        population
    from failed
    where score in ('value', 'tier')
        and horizon_days = {{ longest_judged }}
    union all
    {%- endfor %}
    select * from failed

),

stretched as (

    select
        made_from.score,
        made_from.horizon_days,
        beyond.population
    from made_from
    inner join beyond
        on made_from.score = beyond.score
        and made_from.from_horizon_days = beyond.horizon_days
    union all
    select
        score,
        horizon_days,
        population
    from beyond

),

final as (

    select distinct
        score,
        population,

        cast(horizon_days as integer) as horizon_days
    from stretched

)

select * from final
