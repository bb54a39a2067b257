-- What each component adds to the score of each recommendation: a row for each customer, item and component, which is
-- called an idea, as with the other scores. The base is the score where all components say the same of all candidates.
-- Empty where var `explains_recommendations` is off.
{%- set ideas = ['network', 'successors', 'neighbours', 'linear', 'popular', 'personal'] %}
with

scored as (

    select
        *,
        1e0 / candidate_count
        {%- for idea in ideas %}
        + {{ idea }}_contribution
        {%- endfor %} - score as gap
    from {{ ref('scored_recommendations') }}
    where network_contribution is not null

),

contributions as (
    {% for idea in ideas %}
    select
        customer_no,
        item_id,
        is_repeat,
        score as score_value,
        gap,
        candidate_count,
        contribution_error,
        cutoff_date,
        run_id,
        '{{ idea }}' as idea,
        {{ loop.index }} as idea_no,
        {{ idea }}_contribution as contribution,
        {{ idea }}_link_contribution as link_contribution
    from scored
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (

    select
        customer_no,

        item_id,
        'recommendations' as score,
        idea,
        case when contribution_error > 0e0 then 'shapley_sampled' else 'shapley' end as method,

        {{ var('backtest_days') }} as horizon_days,
        cast(
            row_number() over (
                partition by customer_no, item_id
                order by abs(contribution) desc, idea_no asc
            ) as integer
        ) as idea_rank,
        contribution,
        contribution_error as standard_error,
        1e0 / candidate_count as base,
        score_value,
        gap,
        link_contribution,
        -ln(candidate_count) as link_base,
        ln(nullif(score_value, 0e0)) as link_score,
        {{ var('backtest_days') }} as bound_by_days,

        is_repeat,

        cutoff_date,

        run_id
    from contributions

)

select * from final
