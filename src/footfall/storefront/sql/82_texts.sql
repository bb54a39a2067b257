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

-- One row a text: who writes when about what. `leaning` is added to the log-odds of each aspect. Messages bring
-- sentences of their own before and behind the clauses.
create temp table writings as

with

ordered_lines as (

    select
        *,
        writes_in(person_no) as language
    from after_sales

),

about_items as (

    select
        'review' as kind,
        'r' || to_hex(line_key) as text_id,
        line_key as text_key,
        null::bigint as event_no,
        reviewed_us as written_us,
        -- Something else is said as well of what is badly made
        greatest(1 + is_faulty::integer, 1 + floor(uniform(line_key, 'aspects') * 2.7)::integer) as mention_count,
        0.0::double as leaning,
        * exclude (line_key)
    from ordered_lines
    where reviewed_us is not null

    union all by name

    select
        'survey' as kind,
        event_id(visit_no * 4096 + 3090) as text_id,
        child(line_key, 9004) as text_key,
        visit_no * 4096 + 3090 as event_no,
        surveyed_us as written_us,
        1 + floor(uniform(line_key, 'survey aspects') * 1.6)::integer as mention_count,
        0.9 * (nps_of(satisfaction) - 8) as leaning,
        * exclude (line_key)
    from ordered_lines
    where
        surveyed_us is not null
        and uniform(line_key, 'survey text') < getvariable('survey_text_share')

    union all by name

    -- Those who send something back without a fault give reasons that are messages
    select
        'refund_reason' as kind,
        event_id(visit_no * 4096 + 3050 + line_no) as text_id,
        child(line_key, 9003) as text_key,
        visit_no * 4096 + 3050 + line_no as event_no,
        refunded_us as written_us,
        1 as mention_count,
        -9.0::double as leaning,
        * exclude (line_key)
    from ordered_lines
    where
        refunded_us is not null
        and (
            is_faulty
            or uniform(line_key, 'refund reason') < getvariable('refund_reason_share')
            and uniform(line_key, 'refund reason') >= getvariable('refund_reason_share') / 4
        )

),

unioned as (

    select
        kind,
        text_id,
        text_key,
        event_no,
        person_no,
        visit_no,
        line_no,
        item_no,
        country::varchar as country,
        written_us,
        mention_count,
        leaning,
        is_faulty,
        language
    from about_items
    where written_us < getvariable('end_us')

    union all by name

    select
        *,
        false as is_faulty
    from messages

)

select * replace (
    written_us >= getvariable('texts_change_us') as is_late,
    coalesce(is_new_lead, false) as is_new_lead,
    coalesce(has_personal_data, false) as has_personal_data
)
from unioned;

create temp table mentions as

with

places as (

    select
        *,
        is_faulty and uniform(text_key, 'fault') < getvariable('fault_mention_probability') as has_fault,
        unnest(range(mention_count))::integer as mention_no
    from writings

),

-- Steps on a circle of eleven aspects, so that a text has none twice. The last is taste or, where nothing is drunk,
-- ease of use.
placed as (

    select
        places.*,
        child(places.text_key, places.mention_no + 8192) as mention_key,
        (
            case
                when places.has_fault then 0
                when places.kind = 'refund_reason'
                    then [0, 0, 0, 2, 3, 5, 5, 6, 6, 10][
                        1 + floor(uniform(places.text_key, 'first aspect') * 10)::integer
                    ]
                when places.kind = 'survey'
                    then [0, 0, 1, 1, 2, 2, 3, 4, 4, 7, 8, 8, 8, 9, 9, 10][
                        1 + floor(uniform(places.text_key, 'first aspect') * 16)::integer
                    ]
                else
                    [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 10][
                        1 + floor(uniform(places.text_key, 'first aspect') * 22)::integer
                    ]
            end
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
            when has_fault and mention_no = 0 and uniform(mention_key, 'blame') < getvariable('fault_blame_probability')
                then -1
            when abs(leaning) < 9 and uniform(mention_key, 'fact') < 0.08 then 0
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
        aspect_words.praise[
            1 + floor(uniform(judged.mention_key, 'word') * len(aspect_words.praise))::integer
        ] as praise,
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
        joined.* exclude (text_id, topic, stage),
        coalesce(writings.intent_topic, joined.topic) as topic,
        coalesce(writings.intent_stage, joined.stage) as stage,
        case
            when joined.clause_count is null then 'none'
            when joined.agreement = 1 then 'like'
            when joined.agreement = -1 then 'unlike'
            when joined.agreement = 0 then 'any'
            else 'one'
        end as relation,
        writings.is_late
        and joined.agreement is distinct from 0
        and joined.clause_count is not null
        and uniform(writings.text_key, 'new template') < getvariable('new_form_share') / 2 as has_new_template,
        writings.is_late and uniform(writings.text_key, 'new remark') < getvariable('new_word_share') as has_new_remark,
        greatest(joined.best_sign, writings.intent_sign) as highest_sign,
        least(joined.worst_sign, writings.intent_sign) as lowest_sign
    from writings
    left outer join joined on writings.text_id = joined.text_id

),

signed as (

    select
        *,
        case
            when highest_sign = 1 and lowest_sign = -1 then 'mixed'
            when highest_sign = 1 then 'positive'
            when lowest_sign = -1 then 'negative'
            else 'neutral'
        end as polarity
    from related

),

template_pools as (

    select
        language,
        relation,
        is_new as has_new_template,
        list(template order by template) as templates
    from text_templates
    group by language, relation, is_new

    union all

    select distinct
        language,
        'none' as relation,
        false as has_new_template,
        [''] as templates
    from text_templates

),

chosen as (

    select
        signed.*,
        template_pools.templates[
            1 + floor(uniform(signed.text_key, 'template') * len(template_pools.templates))::integer
        ] as template,
        case
            when signed.lead is not null then signed.lead
            when signed.kind = 'review' and uniform(signed.text_key, 'has opening') < 0.35
                then remarks.openings[
                    1 + floor(uniform(signed.text_key, 'opening') * len(remarks.openings))::integer
                ]
        end as opening,
        case
            when signed.lead is not null then signed.tail
            when signed.kind = 'refund_reason' then null
            when signed.kind = 'review' and uniform(signed.text_key, 'has closing') < 0.3
                then remarks.closings[
                    1 + floor(uniform(signed.text_key, 'closing') * len(remarks.closings))::integer
                ]
            when uniform(signed.text_key, 'has closing') < 0.36 and signed.polarity = 'positive' then '👍'
            when uniform(signed.text_key, 'has closing') < 0.36 and signed.polarity = 'negative' then '👎'
        end as closing,
        case
            when uniform(signed.text_key, 'has title') < 0.35 and signed.polarity = 'positive' then remarks.titles_good
            when uniform(signed.text_key, 'has title') < 0.35 and signed.polarity = 'negative' then remarks.titles_bad
            when uniform(signed.text_key, 'has title') < 0.55 then remarks.titles_else
        end as titles
    from signed
    inner join template_pools
        on
            signed.language = template_pools.language
            and signed.relation = template_pools.relation
            and signed.has_new_template = template_pools.has_new_template
    inner join remarks
        on
            signed.language = remarks.language
            and signed.has_new_remark = remarks.is_new

),

composed as (

    select
        *,
        replace(replace(replace(replace(replace(
            template || case when third_clause is null then '' when language = 'zh' then '{c}。' else ' {C}.' end,
            '{A}', upper(left(coalesce(first_clause, ''), 1)) || substr(coalesce(first_clause, ''), 2)),
        '{a}', coalesce(first_clause, '')),
        '{B}', upper(left(coalesce(second_clause, ''), 1)) || substr(coalesce(second_clause, ''), 2)),
        '{b}', coalesce(second_clause, '')),
        '{c}', coalesce(third_clause, '')) as judgement
    from chosen

),

final as (

    select
        * exclude (judgement, titles, opening, closing, first_clause, second_clause, third_clause),
        case
            when kind = 'review'
                then titles[1 + floor(uniform(text_key, 'title') * len(titles))::integer]
        end as title,
        coalesce(opening || case language when 'en' then ' ' else '' end, '')
        || replace(
            judgement, '{C}', upper(left(coalesce(third_clause, ''), 1)) || substr(coalesce(third_clause, ''), 2)
        )
        || coalesce(case when language = 'en' and template <> '' then ' ' else '' end || closing, '') as sound_body
    from composed

)

select
    * exclude (sound_body),
    -- Some write in small letters alone
    trim(
        case
            when uniform(child(root('person'), person_no), 'small letters') < 0.12 then lower(sound_body)
            else sound_body
        end
    ) as body
from final;
