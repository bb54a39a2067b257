-- How far the groups of an attribute are apart in each metric of each score, whether that is more than chance, and in words
-- what follows. A gap is held to a bound in what a score does, not in what happened to the groups.
{%- set slots = {
    'score': 'score', 'days': 'days_text', 'cut_off': 'cut_off', 'attribute': 'attribute_text', 'metric': 'metric_text',
    'highest': 'highest_group', 'highest_value': 'highest_text', 'lowest': 'lowest_group', 'lowest_value': 'lowest_text',
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

keyed as (

    select
        *,
        'fairness.' || verdict as verdict_key,
        cast(horizon_days as string) as days_text,
        replace(replace(attribute, 'attributes.', ''), '_', ' ') as attribute_text,
        replace(metric, '_', ' ') as metric_text,
        cast(round(highest_value, 3) as string) as highest_text,
        cast(round(lowest_value, 3) as string) as lowest_text,
        cast(round(upper, 3) as string) as upper_text,
        cast(round(p, 3) as string) as p_text
    from figures

),

final as (

    select
        md5(concat_ws('|', score, horizon_days, cut_off, attribute, metric, compared)) as fairness_gap_id,

        score,
        cut_off,
        attribute,
        metric,
        compared,
        highest_group,
        lowest_group,
        verdict,
        {{ sentence('words.text', slots) }} as verdict_text,
        verdict_key,
        {{ slot_values(slots) }} as verdict_values,

        cast(horizon_days as integer) as horizon_days,
        group_count,
        customer_count,
        highest_value,
        lowest_value,
        value as difference,
        lower as lower_bound,
        upper as upper_bound,
        ratio,
        null_95,
        p as p_value,
        p_adjusted as adjusted_p_value,
        closing_cost,

        verdict = 'gap' as is_gap,
        not (
            verdict = 'gap'
            and metric <> 'base_rate'
            and value > {{ double_var('fairness_largest_gap') }}
        ) as is_passed,

        cutoff_date
    from keyed
    left join words on keyed.verdict_key = words.message_key

)

select * from final
