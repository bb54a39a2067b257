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

-- Values beyond the horizons of churn are stretched from the longest of these, and no better than it.
stretched as (
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

final as (

    select distinct
        score,
        population,

        cast(horizon_days as integer) as horizon_days
    from stretched

)

select * from final
