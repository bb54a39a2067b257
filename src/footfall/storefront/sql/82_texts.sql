-- What customers write: clauses about aspects, put into templates. What is good or bad about an item, by aspect, moves
-- both what is said and the rating.

-- Log-odds that a text judges an aspect well: of the item, of the carrier of a country, or of the shop
create temp table aspect_odds as

select
    items.item_no,
    aspects.aspect_no,
    1.0
    + case aspects.aspect when 'quality' then 1.3 * items.quality else 0.6 * items.quality end
    * (aspects.aspect in ('quality', 'design', 'fit', 'taste', 'ease_of_use'))::integer
    + 0.8 * normal(child(items.item_key, aspects.aspect_no), 'aspect')
    * (aspects.aspect not in ('delivery', 'service', 'returns', 'website', 'checkout'))::integer as log_odds
from items
cross join (select distinct aspect_no, aspect from aspect_words) as aspects;

-- One row a text: who writes when about what. `leaning` is added to the log-odds of each aspect.
create temp table writings as

select
    'review' as kind,
    'r' || to_hex(line_key) as text_id,
    line_key as text_key,
    person_no,
    visit_no,
    line_no,
    item_no,
    country::varchar as country,
    reviewed_us as written_us,
    1 + floor(uniform(line_key, 'aspects') * 2.7)::integer as mention_count,
    0.0::double as leaning,
    case when uniform(child(root('person'), person_no), 'writes in') < getvariable('share_of_chinese') then 'zh' else 'en' end
        as language,
    reviewed_us >= getvariable('texts_change_us') as is_late
from after_sales
where
    reviewed_us is not null
    and reviewed_us < getvariable('end_us');

create temp table mentions as

with

places as (

    select
        *,
        unnest(range(mention_count))::integer as mention_no
    from writings

),

-- Steps on a circle of eleven aspects, so that a text has none twice. The last is taste or, where nothing is eaten or drunk,
-- ease of use.
placed as (

    select
        places.*,
        child(places.text_key, places.mention_no + 8192) as mention_key,
        (
            [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 10][
                1 + floor(uniform(places.text_key, 'first aspect') * 22)::integer
            ]
            + places.mention_no * (1 + floor(uniform(places.text_key, 'aspect step') * 10)::integer)
        ) % 11 as place
    from places

),

drawn as (

    select
        placed.*,
        case when placed.place = 10 and items.category_no > 0 then 11 else placed.place end as aspect_no
    from placed
    inner join items on placed.item_no = items.item_no

),

weighed as (

    select
        drawn.*,
        aspect_odds.log_odds
        + drawn.leaning
        + case
            when drawn.aspect_no = 1
                then
                    0.5 * normal(child(root('carrier'), hash(drawn.country)), 'pace')
                    - 0.8 * (month(make_timestamp(drawn.written_us)) = 12)::integer
            else 0
        end as log_odds
    from drawn
    inner join aspect_odds
        on
            drawn.item_no = aspect_odds.item_no
            and drawn.aspect_no = aspect_odds.aspect_no

),

judged as (

    select
        *,
        case
            when uniform(mention_key, 'fact') < 0.08 then 0
            when uniform(mention_key, 'polarity') < logistic(log_odds) then 1
            else -1
        end as sign,
        uniform(mention_key, 'phrase') < 0.3 as has_phrase,
        is_late and uniform(mention_key, 'new form') < getvariable('new_form_share') as has_new_form,
        is_late and uniform(mention_key, 'new word') < getvariable('new_word_share') as has_new_word
    from weighed

),

form_pools as (

    select
        language,
        sign,
        kind = 'phrase' as has_phrase,
        is_new as has_new_form,
        list({'form': form, 'kind': kind} order by form) as forms
    from clause_forms
    group by language, sign, kind = 'phrase', is_new

),

formed as (

    select
        judged.* exclude (has_phrase, has_new_form, has_new_word),
        form_pools.forms[1 + floor(uniform(judged.mention_key, 'form') * len(form_pools.forms))::integer] as form,
        form_pools.has_new_form as is_new_form,
        aspect_words.aspect,
        aspect_words.stage,
        aspect_words.is_new as is_new_word,
        aspect_words.nouns[1 + floor(uniform(judged.mention_key, 'noun') * len(aspect_words.nouns))::integer] as noun,
        aspect_words.good[1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.good))::integer] as good,
        aspect_words.bad[1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.bad))::integer] as bad,
        aspect_words.praise[1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.praise))::integer] as praise,
        aspect_words.blame[1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.blame))::integer] as blame,
        aspect_words.irony[1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.irony))::integer] as irony,
        aspect_words.facts[1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.facts))::integer] as fact,
        remarks.rivals[1 + floor(uniform(judged.mention_key, 'rival') * len(remarks.rivals))::integer] as rival
    from judged
    inner join form_pools
        on
            judged.language = form_pools.language
            and judged.sign = form_pools.sign
            and (judged.has_phrase and judged.sign <> 0) = form_pools.has_phrase
            and (judged.has_new_form and not (judged.has_phrase and judged.sign <> 0)) = form_pools.has_new_form
    inner join aspect_words
        on
            judged.language = aspect_words.language
            and judged.aspect_no = aspect_words.aspect_no
            and judged.has_new_word = aspect_words.is_new
    inner join remarks
        on
            judged.language = remarks.language
            and judged.has_new_word = remarks.is_new

),

filled as (

    select
        * exclude (form, noun, good, bad, praise, blame, irony, fact, rival),
        form.form as form,
        form.kind as form_kind,
        replace(replace(replace(replace(replace(replace(replace(replace(
            form.form, '{noun}', noun), '{good}', good), '{bad}', bad), '{praise}', praise), '{blame}', blame),
        '{irony}', irony), '{fact}', fact), '{rival}', rival) as sound_clause
    from formed

),

-- A slip of the keys drops a letter of the first long word; in Chinese it takes another sign of the same sound.
slips as (

    select
        *,
        case when language = 'en' then regexp_extract(sound_clause, '[a-z]{6,}') else '' end as long_word
    from filled

),

spelt as (

    select
        * exclude (sound_clause, long_word),
        case
            when uniform(mention_key, 'slip') >= getvariable('misspelt_share') then sound_clause
            when language = 'zh'
                then replace(replace(replace(replace(replace(replace(replace(replace(
                    sound_clause, '质量', '质亮'), '物流', '物硫'), '很', '狠'), '客服', '克服'), '包装', '包庄'), '满意', '满易'),
                '快递', '快弟'), '价格', '价各')
            when long_word <> ''
                then replace(
                    sound_clause,
                    long_word,
                    left(long_word, 2 + floor(uniform(mention_key, 'slip place') * (length(long_word) - 3))::integer)
                    || substr(
                        long_word, 4 + floor(uniform(mention_key, 'slip place') * (length(long_word) - 3))::integer
                    )
                )
            else sound_clause
        end as clause,
        sound_clause
    from slips

)

select
    * exclude (sound_clause),
    clause <> sound_clause as is_misspelt
from spelt;

create temp table texts as

with

joined as (

    select
        text_id,
        count(*) as clause_count,
        sum(sign) / count(*) as balance,
        max(sign) as best_sign,
        min(sign) as worst_sign,
        -- In millionths: the order of adding does not matter
        sum(round(1e6 * log_odds)::bigint) / count(*) / 1e6 as log_odds,
        -- What the text is about: the first aspect that it judges
        min_by(aspect, case when sign = 0 then 10 else 0 end + mention_no) as topic,
        min_by(stage, case when sign = 0 then 10 else 0 end + mention_no) as stage,
        max(case when mention_no = 0 then clause end) as first_clause,
        max(case when mention_no = 1 then clause end) as second_clause,
        max(case when mention_no = 2 then clause end) as third_clause,
        max(case when mention_no = 0 then sign end) * max(case when mention_no = 1 then sign end) as agreement,
        string_agg(form, ' | ' order by mention_no) as forms,
        bool_or(is_new_form) as has_new_form,
        bool_or(is_new_word) as has_new_word,
        bool_or(form_kind = 'ironic') as is_ironic,
        bool_or(is_misspelt) as is_misspelt
    from mentions
    group by text_id

),

related as (

    select
        writings.*,
        joined.* exclude (text_id),
        case joined.agreement when 1 then 'like' when -1 then 'unlike' when 0 then 'any' else 'one' end as relation,
        writings.is_late
        and joined.agreement is distinct from 0
        and uniform(writings.text_key, 'new template') < getvariable('new_form_share') / 2 as has_new_template,
        writings.is_late and uniform(writings.text_key, 'new remark') < getvariable('new_word_share') as has_new_remark,
        case when joined.worst_sign >= 0 and joined.best_sign = 1 then 'positive'
            when joined.best_sign <= 0 and joined.worst_sign = -1 then 'negative'
            when joined.best_sign = 1 and joined.worst_sign = -1 then 'mixed'
            else 'neutral'
        end as polarity
    from writings
    inner join joined on writings.text_id = joined.text_id

),

template_pools as (

    select
        language,
        relation,
        is_new as has_new_template,
        list(template order by template) as templates
    from text_templates
    group by language, relation, is_new

),

chosen as (

    select
        related.*,
        template_pools.templates[
            1 + floor(uniform(related.text_key, 'template') * len(template_pools.templates))::integer
        ] as template,
        case
            when uniform(related.text_key, 'has opening') < 0.35
                then remarks.openings[
                    1 + floor(uniform(related.text_key, 'opening') * len(remarks.openings))::integer
                ]
        end as opening,
        case
            when uniform(related.text_key, 'has closing') < 0.3
                then remarks.closings[
                    1 + floor(uniform(related.text_key, 'closing') * len(remarks.closings))::integer
                ]
            when uniform(related.text_key, 'has closing') < 0.36 and related.polarity = 'positive' then '👍'
            when uniform(related.text_key, 'has closing') < 0.36 and related.polarity = 'negative' then '👎'
        end as closing,
        case
            when uniform(related.text_key, 'has title') < 0.35 and related.polarity = 'positive' then remarks.titles_good
            when uniform(related.text_key, 'has title') < 0.35 and related.polarity = 'negative' then remarks.titles_bad
            when uniform(related.text_key, 'has title') < 0.55 then remarks.titles_else
        end as titles
    from related
    inner join template_pools
        on
            related.language = template_pools.language
            and related.relation = template_pools.relation
            and related.has_new_template = template_pools.has_new_template
    inner join remarks
        on
            related.language = remarks.language
            and related.has_new_remark = remarks.is_new

),

composed as (

    select
        *,
        replace(replace(replace(replace(replace(
            template || case when third_clause is null then '' when language = 'zh' then '{c}。' else ' {C}.' end,
            '{A}', upper(left(first_clause, 1)) || substr(first_clause, 2)),
        '{a}', first_clause),
        '{B}', upper(left(coalesce(second_clause, ''), 1)) || substr(coalesce(second_clause, ''), 2)),
        '{b}', coalesce(second_clause, '')),
        '{c}', coalesce(third_clause, '')) as judgement
    from chosen

),

final as (

    select
        * exclude (judgement, titles, opening, closing, first_clause, second_clause, third_clause),
        titles[1 + floor(uniform(text_key, 'title') * len(titles))::integer] as title,
        coalesce(opening || case language when 'en' then ' ' else '' end, '')
        || replace(
            judgement, '{C}', upper(left(coalesce(third_clause, ''), 1)) || substr(coalesce(third_clause, ''), 2)
        )
        || coalesce(case language when 'en' then ' ' else '' end || closing, '') as sound_body
    from composed

)

select
    * exclude (sound_body),
    -- Some write in small letters alone
    case when uniform(child(root('person'), person_no), 'small letters') < 0.12 then lower(sound_body) else sound_body end
        as body
from final;
