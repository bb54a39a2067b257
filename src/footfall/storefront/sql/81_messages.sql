-- What is written to the shop, without clauses about aspects: messages to its support, and the reasons of people who
-- send something back although nothing is wrong with it.

create temp table messages as

with

inquiries as (

    select
        'message' as kind,
        child(line_key, 9001) as text_key,
        visit_no * 4096 + 3070 as event_no,
        person_no,
        visit_no,
        item_no,
        country,
        asked_us as written_us,
        uniform(line_key, 'intent') as after_sale_draw,
        null::double as chat_draw
    from after_sales
    where
        asked_us is not null
        and uniform(line_key, 'message') < getvariable('message_share')

    union all by name

    select
        'message' as kind,
        child(visit_key, 9002) as text_key,
        visit_no * 4096 + 3006 as event_no,
        person_no,
        visit_no,
        country,
        checkout_us + 7000000 as written_us,
        uniform(visit_key, 'intent') as chat_draw
    from visits
    where
        reaches_checkout
        and uniform(visit_key, 'chat') < getvariable('support_chat_probability')
        and uniform(visit_key, 'message') < getvariable('message_share') / 2

    union all by name

    select
        'refund_reason' as kind,
        child(line_key, 9003) as text_key,
        visit_no * 4096 + 3050 + line_no as event_no,
        person_no,
        visit_no,
        item_no,
        country,
        refunded_us as written_us
    from after_sales
    where
        refunded_us is not null
        and not is_faulty
        and uniform(line_key, 'refund reason') < getvariable('refund_reason_share') / 4

),

described as (

    select
        *,
        writes_in(person_no) as language,
        written_us >= getvariable('texts_change_us') as is_late,
        written_us >= getvariable('texts_change_us')
        and uniform(text_key, 'new sentence') < getvariable('new_word_share') as has_new_sentence,
        kind = 'message'
        and uniform(text_key, 'personal data') < getvariable('personal_data_share') as has_personal_data
    from inquiries
    where written_us < getvariable('end_us')

),

meant as (

    select
        described.*,
        intents.intent,
        intents.stage as intent_stage,
        intents.topic as intent_topic,
        intents.sign as intent_sign,
        intent_sentences.sentences[
            1 + floor(uniform(described.text_key, 'sentence') * len(intent_sentences.sentences))::integer
        ] as sentence,
        courtesies.greetings[
            1 + floor(uniform(described.text_key, 'greeting') * len(courtesies.greetings))::integer
        ] as greeting,
        courtesies.requests[
            1 + floor(uniform(described.text_key, 'request') * len(courtesies.requests))::integer
        ] as request,
        courtesies.farewells[
            1 + floor(uniform(described.text_key, 'farewell') * len(courtesies.farewells))::integer
        ] as farewell,
        lower(['Anna', 'Lukas', 'Wei', 'Marie', 'Jan'][1 + floor(uniform(described.text_key, 'name') * 5)::integer])
        || floor(uniform(described.text_key, 'mail number') * 1000)::integer || '@example.com' as mail_address,
        '+49 170 ' || (1000000 + floor(uniform(described.text_key, 'phone number') * 9000000))::integer as phone_number
    from described
    inner join intents
        on
            described.after_sale_draw >= intents.after_sale_from and described.after_sale_draw < intents.after_sale_to
            or described.chat_draw >= intents.chat_from and described.chat_draw < intents.chat_to
            or described.kind = 'refund_reason' and intents.intent = 'changed_mind'
    inner join intent_sentences
        on
            intents.intent = intent_sentences.intent
            and described.language = intent_sentences.language
            and described.has_new_sentence = intent_sentences.is_new
    inner join courtesies
        on
            described.language = courtesies.language
            and described.has_new_sentence = courtesies.is_new

),

final as (

    select
        *,
        case
            when language = 'zh' then sentence || case when right(sentence, 1) = '？' then '' else '。' end
            else
                upper(left(sentence, 1)) || substr(sentence, 2)
                || case when right(sentence, 1) = '?' then '' else '.' end
        end as whole_sentence,
        case
            when not has_personal_data then ''
            when language = 'zh' and uniform(text_key, 'by mail') < 0.5 then '我的邮箱：' || mail_address || '。'
            when language = 'zh' then '电话：' || phone_number || '。'
            when uniform(text_key, 'by mail') < 0.5 then 'Write to ' || mail_address || ', please.'
            else 'You can call me on ' || phone_number || '.'
        end as contact
    from meant

)

select
    kind,
    event_id(event_no) as text_id,
    text_key,
    event_no,
    person_no,
    visit_no,
    item_no,
    country::varchar as country,
    written_us,
    -- Who complains or praises says about what; some of the others add something
    case
        when item_no is null or kind = 'refund_reason' then 0
        when intent in ('complaint', 'praise') then 1
        else (uniform(text_key, 'aspects') < 0.2)::integer
    end as mention_count,
    case intent when 'complaint' then -9.0 when 'praise' then 9.0 else -2.0 end::double as leaning,
    language,
    is_late,
    intent,
    intent_stage,
    intent_topic,
    intent_sign,
    case
        when kind = 'refund_reason' then whole_sentence
        else trim(greeting || case language when 'en' then ' ' else '' end || whole_sentence)
    end as lead,
    case
        when kind = 'message'
            then trim(concat_ws(
                case language when 'en' then ' ' else '' end,
                nullif(request, ''),
                nullif(contact, ''),
                nullif(farewell, '')
            ))
    end as tail,
    sentence as lead_pattern,
    has_new_sentence as is_new_lead,
    has_personal_data
from final;
