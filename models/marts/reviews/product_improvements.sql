{{ config(tags=['reviews']) }}

-- What to change on which products, in words: brands, categories and items of which more texts blame an aspect than
-- elsewhere in the last 56 days, by the stars that this costs. Who writes of a product may differ in other things, so
-- the effect is an expectation.
{%- set window_days = 56 %}
{%- set place = ['source', 'scope', 'scope_value'] %}
{%- set is_sure = 'corrected.adjusted_p_value <= 0.05e0 and corrected.blame_count >= 5' %}
{%- set slots = {
    'place': 'corrected.scope_value', 'aspect': 'aspect_text', 'blamed': 'blamed_text', 'texts': 'texts_text',
    'share': 'share_text', 'usual': 'usual_text'
} %}
with

places as (

    select
        places.*,
        cutoffs.as_of_date
    from {{ ref('int_text_places') }} as places
    inner join {{ ref('int_cutoffs') }} as cutoffs
        on cutoffs.is_as_of
        and places.written_on < cutoffs.as_of_date
        and places.written_on >= {{ dbt.dateadd('day', -window_days, 'cutoffs.as_of_date') }}

),

aspects as (

    select * from {{ ref('review_aspects') }}
    where aspect is not null

),

words as (

    select * from {{ words() }}

),

{{ blame_ctes('places', 'aspects', place) }},

-- What all texts of the shop say: how often the aspect is blamed, and how many stars fewer such texts come with.
usual as (

    select
        counted.source,
        counted.aspect,
        counted.blame_count,
        totals.text_count,
        {{ not_below_zero(
            '(totals.stars - counted.stars) / nullif(totals.rated_count - counted.rated_count, 0e0)'
            ~ ' - counted.stars / nullif(counted.rated_count, 0e0)'
        ) }} as stars_lost
    from counted
    inner join totals on {{ all_equal('counted', 'totals', place) }}
    where counted.scope = 'all'

),

compared as (

    select
        counted.*,
        totals.as_of_date,
        totals.text_count,
        counted.blame_count / totals.text_count as blame_share,
        (usual.blame_count - counted.blame_count) / (usual.text_count - totals.text_count) as usual_share,
        usual.stars_lost,
        {{ normal_tails(z_of_shares(
            'counted.blame_count', 'totals.text_count', '(usual.blame_count - counted.blame_count)',
            '(usual.text_count - totals.text_count)'
        )) }} as p_value
    from counted
    inner join totals on {{ all_equal('counted', 'totals', place) }}
    inner join usual on {{ all_equal('counted', 'usual', ['source', 'aspect']) }}
    where counted.scope <> 'all'
        and counted.blame_count >= 3
        and usual.text_count > totals.text_count

),

raised as (

    select
        *,
        {{ raised_p_value('p_value', ['source', 'scope']) }} as raised_p_value
    from compared

),

corrected as (

    select
        *,
        {{ false_discovery_rate('p_value', 'raised_p_value', ['source', 'scope']) }} as adjusted_p_value,
        {{ not_below_zero('(blame_share - usual_share) * coalesce(stars_lost, 0e0)') }} as rating_effect,
        'improvement.' || scope as title_key,
        replace(aspect, '_', ' ') as aspect_text,
        cast(cast(blame_count as bigint) as string) as blamed_text,
        cast(cast(text_count as bigint) as string) as texts_text,
        cast(cast(round(blame_share * 100e0) as bigint) as string) as share_text,
        cast(cast(round(usual_share * 100e0) as bigint) as string) as usual_text
    from raised
    where blame_share > usual_share

),

{{ quote_ctes('places', 'aspects', place) }},

final as (

    select
        md5(concat_ws('|', {{ prefixed('corrected', place + ['aspect']) | join(', ') }})) as improvement_id,

        corrected.source,
        corrected.scope,
        corrected.scope_value,
        corrected.aspect,
        {{ sentence('words.text', slots) }} as title,
        corrected.title_key,
        {{ slot_values(slots) }} as title_values,
        case when {{ is_sure }} then 'high' else 'low' end as confidence,
        quoted.quote_1,
        quoted.quote_2,
        quoted.quote_3,

        cast(row_number() over (
            order by
                case when {{ is_sure }} then 0 else 1 end asc,
                corrected.rating_effect * corrected.text_count desc,
                corrected.p_value asc, corrected.source asc, corrected.scope asc, corrected.scope_value asc,
                corrected.aspect asc
        ) as integer) as improvement_rank,
        cast(corrected.text_count as bigint) as text_count,
        cast(corrected.blame_count as bigint) as blame_count,
        corrected.customer_count,
        corrected.blame_share,
        corrected.usual_share as usual_blame_share,
        corrected.rating_effect,
        corrected.adjusted_p_value,

        corrected.as_of_date
    from corrected
    inner join quoted on {{ all_equal('corrected', 'quoted', place + ['aspect']) }}
    left join words on corrected.title_key = words.message_key

)

select * from final
