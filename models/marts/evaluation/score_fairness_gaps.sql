-- How far the groups of an attribute are apart in each metric of each score, whether that is more than chance, and in
-- words what follows. A gap is held to a bound in what a score does, not in what happened to the groups. A score that
-- does not pass its gates has its gaps here as well: is_served says that nobody acts on it.
{%- set slots = {
    'score': 'score', 'days': 'days_text', 'cut_off': 'cut_off', 'attribute': 'attribute_text', 'metric': 'metric_text',
    'highest': 'highest_group', 'highest_value': 'highest_text', 'lowest': 'lowest_group',
    'lowest_value': 'lowest_text',
    'upper': 'upper_text', 'p': 'p_text'
} %}
with

figures as (

    select * from {{ ref('scored_fairness') }}
    where kind = 'gap'

),

words as (

    select * from {{ words() }}

),

held_back as (

    select distinct
        score,
        horizon_days
    from {{ ref('int_held_back_scores') }}
    where population is null

),

served as (

    select
        figures.*,
        held_back.score is null as is_served
    from figures
    left join held_back
        on figures.score = held_back.score
        and figures.horizon_days = held_back.horizon_days

),

keyed as (

    select
        *,
        'fairness.' || verdict as verdict_key,
        cast(horizon_days as string) as days_text,
        replace(replace(attribute, 'attributes.', ''), '_', ' ') as attribute_text,
        case
            when metric = 'auc' then 'AUC'
            when metric = 'calibration' and score = 'value' then 'calibration, as a part of the mean spend,'
            else replace(metric, '_', ' ')
        end as metric_text,
        cast(round(highest_value, 3) as string) as highest_text,
        cast(round(lowest_value, 3) as string) as lowest_text,
        cast(round(upper, 3) as string) as upper_text,
        case when p < 0.001e0 then '< 0.001' else '= ' || cast(round(p, 3) as string) end as p_text
    from served

),

final as (

    select
        md5(concat_ws(
            '|', keyed.score, keyed.horizon_days, keyed.cut_off, keyed.attribute, keyed.metric, keyed.compared
        )) as fairness_gap_id,

        keyed.score,
        keyed.cut_off,
        keyed.attribute,
        keyed.metric,
        keyed.compared,
        keyed.highest_group,
        keyed.lowest_group,
        keyed.verdict,
        {{ sentence('words.text', slots) }} as verdict_text,
        keyed.verdict_key,
        {{ slot_values(slots) }} as verdict_values,

        cast(keyed.horizon_days as integer) as horizon_days,
        keyed.group_count,
        keyed.customer_count,
        keyed.highest_value,
        keyed.lowest_value,
        keyed.value as difference,
        keyed.lower as lower_bound,
        keyed.upper as upper_bound,
        keyed.ratio,
        keyed.null_95,
        keyed.p as p_value,
        keyed.p_adjusted as adjusted_p_value,
        keyed.closing_cost,

        keyed.verdict = 'gap' as is_gap,
        keyed.verdict <> 'gap'
        or keyed.metric = 'base_rate'
        or keyed.value <= {{ double_var('fairness_largest_gap') }} as is_passed,
        keyed.is_served,

        keyed.cutoff_date
    from keyed
    left join words on keyed.verdict_key = words.message_key

)

select * from final
