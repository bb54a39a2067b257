{{ config(tags=['reviews']) }}

-- What customers say of each aspect, by month: of the whole shop, of a category, a brand and an item. A text counts
-- once for an aspect, by what prevails in its sentences. Whether praise has changed since the month before is tested,
-- and corrected for all that is tested of the same scope in that month (Benjamini and Hochberg 1995).
{%- set place = ['source', 'scope', 'scope_value', 'period_month'] %}
{%- set family = ['source', 'scope', 'period_month'] %}
with

places as (

    select * from {{ ref('int_text_places') }}

),

said as (

    select
        text_id,
        aspect,
        sign(sum(polarity)) as polarity
    from {{ ref('review_aspects') }}
    where aspect is not null
    group by text_id, aspect

),

totals as (

    select
        {{ place | join(', ') }},
        count(*) as text_count,
        cast(count(rating) as double) as rated_count,
        coalesce(sum(rating), 0e0) as stars
    from places
    group by {{ place | join(', ') }}

),

mentioned as (

    select
        {{ prefixed('places', place) | join(', ') }},
        said.aspect,
        count(*) as mention_count,
        count(distinct places.customer_no) as customer_count,
        cast(count(case when said.polarity > 0 then 1 end) as double) as positive_count,
        cast(count(case when said.polarity <> 0 then 1 end) as double) as judged_count,
        cast(count(places.rating) as double) as rated_count,
        coalesce(sum(places.rating), 0e0) as stars
    from places
    inner join said on places.text_id = said.text_id
    group by {{ prefixed('places', place) | join(', ') }}, said.aspect

),

followed as (

    select
        mentioned.*,
        before.positive_count as positive_count_before,
        before.judged_count as judged_count_before
    from mentioned
    left join mentioned as before
        on {{ all_equal('mentioned', 'before', ['source', 'scope', 'scope_value', 'aspect']) }}
        and mentioned.period_month = cast({{ dbt.dateadd('month', 1, 'before.period_month') }} as date)

),

-- Few texts say nothing of a change, and the normal distribution would not hold.
tested as (

    select
        {{ place | join(', ') }},
        aspect,
        {{ normal_tails(
            z_of_shares('positive_count', 'judged_count', 'positive_count_before', 'judged_count_before')
        ) }} as p_value
    from followed
    where judged_count >= 10
        and judged_count_before >= 10

),

raised as (

    select
        *,
        {{ raised_p_value('p_value', family) }} as raised_p_value
    from tested

),

corrected as (

    select
        *,
        {{ false_discovery_rate('p_value', 'raised_p_value', family) }} as adjusted_p_value
    from raised

),

final as (

    select
        md5(concat_ws('|', {{ prefixed('followed', place + ['aspect']) | join(', ') }})) as insight_id,

        followed.source,
        followed.scope,
        followed.scope_value,
        followed.aspect,

        totals.text_count,
        followed.mention_count,
        followed.customer_count,
        followed.mention_count / cast(totals.text_count as double) as mention_share,
        cast(followed.positive_count as bigint) as positive_count,
        cast(followed.judged_count - followed.positive_count as bigint) as negative_count,
        followed.positive_count / nullif(followed.judged_count, 0e0) as positive_share,
        {{ wilson_bound('followed.positive_count', 'followed.judged_count', '-') }} as positive_share_lower,
        {{ wilson_bound('followed.positive_count', 'followed.judged_count', '+') }} as positive_share_upper,
        followed.positive_count / nullif(followed.judged_count, 0e0)
        - followed.positive_count_before / nullif(followed.judged_count_before, 0e0) as positive_share_change,
        corrected.p_value,
        corrected.adjusted_p_value,
        cast(followed.rated_count as bigint) as rated_count,
        followed.stars / nullif(followed.rated_count, 0e0)
        - (totals.stars - followed.stars) / nullif(totals.rated_count - followed.rated_count, 0e0) as rating_difference,

        coalesce(corrected.adjusted_p_value <= 0.05e0, false) as is_changed,

        followed.period_month
    from followed
    inner join totals on {{ all_equal('followed', 'totals', place) }}
    left join corrected on {{ all_equal('followed', 'corrected', place + ['aspect']) }}

)

select * from final
