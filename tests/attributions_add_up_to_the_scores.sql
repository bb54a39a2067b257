-- Every score that is served is explained, and its explanation adds up to it: base and contributions to 1e-9 on the
-- scale of the model (log-odds beyond 14 to what a double knows of them) and to 1e-6 of the score in the unit that
-- people read. Finding a row means that what is explained is not what is served.
{%- set explained = ['churn'] %}
{%- if var('explains_value') %}{% do explained.extend(['value', 'tier']) %}{% endif %}
{%- if var('explains_recommendations') %}{% do explained.append('recommendations') %}{% endif %}
{%- set always = "'" ~ (explained | join("', '")) ~ "'" %}
with

attributions as (

    select * from {{ ref('score_attributions') }}

),

served as (

    select
        'churn' as score,
        horizon_days,
        customer_key as subject_key,
        churn_probability as score_value
    from {{ ref('churn_risk') }}
    union all
    select
        'value' as score,
        horizon_days,
        customer_key as subject_key,
        predicted_amount as score_value
    from {{ ref('customer_value') }}
    union all
    select
        'tier' as score,
        horizon_days,
        customer_key as subject_key,
        tier_vip_probability as score_value
    from {{ ref('customer_value') }}
    where tier_vip_probability is not null
    union all
    select
        'recommendations' as score,
        {{ var('backtest_days') }} as horizon_days,
        customer_key || '-' || item_id as subject_key,
        score as score_value
    from {{ ref('recommendations') }}
    union all
    select
        'intent' as score,
        0 as horizon_days,
        session_id || '-' || prefix_length as subject_key,
        session_probability as score_value
    from {{ ref('purchase_intent') }}
    where session_probability is not null
    union all
    select
        'intent' as score,
        7 as horizon_days,
        session_id || '-' || prefix_length as subject_key,
        week_probability as score_value
    from {{ ref('purchase_intent') }}
    where week_probability is not null

),

-- Of intent the latest prediction there is is explained, which need not be the latest that is shown.
latest as (

    select
        session_id,
        max(prefix_length) as prefix_length
    from {{ ref('scored_intent') }}
    group by session_id

),

sums as (

    select
        score,
        horizon_days,
        coalesce(session_id || '-' || prefix_length, customer_key || coalesce('-' || item_id, '')) as subject_key,
        max(score_value) as score_value,
        max(base) + sum(contribution) as summed,
        max(link_score) as link_score,
        max(link_base) + sum(link_contribution) as link_summed,
        max(abs(gap)) as gap
    from attributions
    group by
        score,
        horizon_days,
        coalesce(session_id || '-' || prefix_length, customer_key || coalesce('-' || item_id, ''))

),

final as (

    select
        served.score,
        served.horizon_days,
        served.subject_key,
        served.score_value,
        sums.summed,
        sums.link_score,
        sums.link_summed
    from served
    left join sums
        on served.score = sums.score
        and served.horizon_days = sums.horizon_days
        and served.subject_key = sums.subject_key
    left join latest
        on served.score = 'intent'
        and served.subject_key = latest.session_id || '-' || latest.prefix_length
    where (sums.subject_key is null and (served.score in ({{ always }}) or latest.session_id is not null))
        or abs(sums.score_value - served.score_value) > 1e-9 * {{ at_least('abs(served.score_value)', '1e0') }}
        or abs(sums.summed - served.score_value) > 1e-6 * {{ at_least('abs(served.score_value)', '1e0') }}
        or abs(sums.link_summed - sums.link_score)
        > 1e-9 * {{ at_least(link_rounding('sums.score', 'sums.link_score'), '1e0') }}
        or sums.gap > 1e-6 * {{ at_least('abs(served.score_value)', '1e0') }}

)

select * from final
