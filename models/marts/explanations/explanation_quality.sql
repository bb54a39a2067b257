-- Whether explanations hold: one row for each score, horizon and check. They add up to what is served; and on customers
-- of the newest back-test, taking out the idea named first costs three times what another one costs. Too few customers
-- are counted and not judged. Reasons of risk are in transaction_risk, which fewer roles see, and are checked here.
{%- set sums = [('adds_up', 'sums', 'largest_gap', '1e-6'), ('adds_up_in_link', 'sums', 'largest_link_gap', '1e-9'),
    ('events_settle', 'settled', 'largest_gap', '1e-2')] %}
with

attributions as (

    select * from {{ ref('score_attributions') }}

),

evaluation as (

    select
        *,
        rank() over (partition by score, horizon_days order by cutoff_date desc) as recency_place
    from {{ ref('model_evaluation') }}
    where model = 'attention_scorer'
        and (population = 'all' or population like '%, after 3 events')
        and metric in ('auc_top_idea_cost', 'auc_top_idea_margin', 'gini_top_idea_cost', 'gini_top_idea_margin')

),

of_subjects as (

    select
        score,
        horizon_days,
        coalesce(session_id, customer_key || coalesce('-' || item_id, '')) as subject_key,
        max(abs(gap)) / {{ at_least('max(abs(score_value))', '1e0') }} as gap,
        abs(max(link_base) + sum(link_contribution) - max(link_score))
        / {{ at_least(link_rounding('score', 'max(link_score)'), '1e0') }} as link_gap
    from attributions
    group by score, horizon_days, coalesce(session_id, customer_key || coalesce('-' || item_id, ''))
    union all
    select
        'risk' as score,
        0 as horizon_days,
        attempt_id as subject_key,
        cast(null as double) as gap,
        abs(
            base_log_odds + coalesce(contribution_1, 0e0) + coalesce(contribution_2, 0e0)
            + coalesce(contribution_3, 0e0) + other_contribution - log_odds
        ) as link_gap
    from {{ ref('scored_risk') }}
    where base_log_odds is not null

),

sums as (

    select
        score,
        horizon_days,
        count(*) as subject_count,
        max(gap) as largest_gap,
        max(link_gap) as largest_link_gap
    from of_subjects
    group by score, horizon_days

),

settled as (

    select
        score,
        horizon_days,
        count(distinct customer_key) as subject_count,
        max(abs(gap) / {{ at_least('abs(link_score - link_base)', '1e-6') }}) as largest_gap
    from {{ ref('score_attribution_events') }}
    group by score, horizon_days

),

deletions as (

    select
        score,
        horizon_days,
        max(customer_count) as subject_count,
        max(case when metric like '%_cost' then metric_value end) as cost,
        max(case when metric like '%_margin' then metric_value end) as margin,
        max(case when metric like '%_margin' then lower_bound end) as margin_lower_bound,
        max(case when metric like '%_margin' then upper_bound end) as margin_upper_bound
    from evaluation
    where recency_place = 1
    group by score, horizon_days

),

checks as (

    {%- for check, source, figure, limit in sums %}
    select
        score,
        '{{ check }}' as check_name,
        horizon_days,
        subject_count,
        {{ figure }} as figure,
        cast(null as double) as lower_limit,
        {{ limit }} as upper_limit,
        cast(null as double) as margin_lower_bound,
        cast(null as double) as margin_upper_bound
    from {{ source }}
    where {{ figure }} is not null
    union all
    {%- endfor %}
    select
        score,
        'top_idea_matters' as check_name,
        horizon_days,
        subject_count,
        case when subject_count >= 300 then cost end as figure,
        case when subject_count >= 300 then cost - margin end as lower_limit,
        cast(null as double) as upper_limit,
        case when subject_count >= 300 then margin_lower_bound end as margin_lower_bound,
        case when subject_count >= 300 then margin_upper_bound end as margin_upper_bound
    from deletions
    where margin is not null or subject_count < 300

),

final as (

    select
        score,
        check_name,

        cast(horizon_days as integer) as horizon_days,
        cast(subject_count as bigint) as subject_count,
        figure,
        lower_limit,
        upper_limit,
        margin_lower_bound,
        margin_upper_bound,

        -- What is below its limit by chance does not fail; what costs nothing does. Empty where nothing was judged.
        case
            when lower_limit is null then figure <= upper_limit
            else figure > 0e0 and coalesce(margin_upper_bound > 0e0, figure >= lower_limit)
        end as is_passed,

        upper_limit is not null or coalesce(margin_lower_bound >= 0e0 or margin_upper_bound <= 0e0, false) as is_certain
    from checks

)

select * from final
