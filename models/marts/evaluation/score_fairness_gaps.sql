-- How far the groups of an attribute are apart in each metric of each score, whether that is more than chance, and in
-- words what follows. A gap is held to a bound in what a score does, not in what happened to the groups.
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

        keyed.cutoff_date
    from keyed
    left join words on keyed.verdict_key = words.message_key

)

select * from final
