-- Items, customers and reviews as the shop's own systems hold them.

create table truth_storefront.truth_item_stream as

select
    item_id,
    item_name,
    category,
    subcategory,
    brand,
    price_cents / 100.0 as list_price,
    make_timestamptz(created_us) as created_at,
    is_in_stock
from items
order by item_no;

create table truth_storefront.truth_customer_stream as

select
    customer_id(people.person_no) as customer_id,
    make_timestamptz(registrations.registered_us) as registered_at,
    people.country,
    case
        when uniform(people.person_key, 'age known') < 0.8
            then (1990 + 11 * normal(people.person_key, 'age'))::integer
    end as birth_year,
    ['female', 'female', 'female', 'female', 'male', 'male', 'male', 'diverse', null, null][
        1 + floor(uniform(people.person_key, 'gender') * 10)::integer
    ] as gender,
    ['organic', 'organic', 'paid_search', 'paid_search', 'social', 'referral', 'affiliate', 'direct'][
        1 + floor(uniform(people.person_key, 'acquisition') * 8)::integer
    ] as acquisition_channel,
    people.has_consent as has_marketing_consent,
    '{"language":"'
    || case people.country
        when 'FR' then 'fr'
        when 'NL' then 'nl'
        when 'ES' then 'es'
        when 'IT' then 'it'
        when 'BE' then 'nl'
        else 'de'
    end
    || '","is_business":' || (uniform(people.person_key, 'business') < 0.06)::varchar || '}' as attributes
from people
inner join registrations on people.person_no = registrations.person_no
where registrations.registered_us < getvariable('end_us')
order by registrations.registered_us, people.person_no;

create temp table phrases as

with

written (aspect_no, aspect, is_positive, phrase_no, phrase) as (

    values
    (0, 'quality', true, 0, 'The quality is excellent.'),
    (0, 'quality', true, 1, 'Well made and solid.'),
    (0, 'quality', true, 2, 'It works exactly as it should.'),
    (0, 'quality', false, 0, 'The quality is poor.'),
    (0, 'quality', false, 1, 'It broke after a few days.'),
    (0, 'quality', false, 2, 'Badly made.'),
    (1, 'delivery', true, 0, 'Delivery was quick.'),
    (1, 'delivery', true, 1, 'It arrived a day early.'),
    (1, 'delivery', true, 2, 'The courier was friendly and on time.'),
    (1, 'delivery', false, 0, 'Delivery took far too long.'),
    (1, 'delivery', false, 1, 'The parcel came two weeks late.'),
    (1, 'delivery', false, 2, 'The courier left it in the rain.'),
    (2, 'price', true, 0, 'Good value for money.'),
    (2, 'price', true, 1, 'Cheaper than elsewhere.'),
    (2, 'price', true, 2, 'A fair price.'),
    (2, 'price', false, 0, 'Too expensive for what it is.'),
    (2, 'price', false, 1, 'Not worth the money.'),
    (2, 'price', false, 2, 'I found it cheaper the day after.'),
    (3, 'packaging', true, 0, 'Carefully packed.'),
    (3, 'packaging', true, 1, 'No plastic in the parcel, lovely.'),
    (3, 'packaging', true, 2, 'The packaging kept it safe.'),
    (3, 'packaging', false, 0, 'The box was torn.'),
    (3, 'packaging', false, 1, 'Far too much plastic around it.'),
    (3, 'packaging', false, 2, 'It was rattling loose in the carton.'),
    (4, 'service', true, 0, 'Customer service answered at once.'),
    (4, 'service', true, 1, 'The support team was very helpful.'),
    (4, 'service', true, 2, 'My question was solved in one call.'),
    (4, 'service', false, 0, 'Nobody at customer service answers.'),
    (4, 'service', false, 1, 'Support was rude.'),
    (4, 'service', false, 2, 'I waited an hour on the phone.'),
    (5, 'description', true, 0, 'Looks just like the pictures.'),
    (5, 'description', true, 1, 'The description is accurate.'),
    (5, 'description', true, 2, 'Size and colour as described.'),
    (5, 'description', false, 0, 'It looks nothing like the pictures.'),
    (5, 'description', false, 1, 'The size was wrong.'),
    (5, 'description', false, 2, 'The colour is not as described.')

)

select
    aspect_no,
    aspect,
    is_positive,
    phrase_no,
    phrase
from written;

create temp table review_aspects as

with

mentions as (

    select
        line_key,
        visit_no,
        line_no,
        person_no,
        item_no,
        quality,
        reviewed_us,
        unnest(range(1 + floor(uniform(line_key, 'aspects') * 2.7)::integer))::integer as mention_no
    from after_sales
    where
        reviewed_us is not null
        and reviewed_us < getvariable('end_us')

),

judged as (

    select
        *,
        -- Three places that are never the same aspect twice
        (floor(uniform(line_key, 'aspect') * 6)::integer + [0, 2, 5][mention_no + 1]) % 6 as aspect_no,
        floor(uniform(child(line_key, mention_no), 'phrase') * 3)::integer as phrase_no
    from mentions

),

final as (

    select
        judged.*,
        uniform(child(judged.line_key, judged.mention_no), 'polarity')
        < logistic(1.0 + case when judged.aspect_no in (1, 4) then 0 else 1.4 * judged.quality end) as is_positive
    from judged

)

select
    final.*,
    phrases.aspect,
    phrases.phrase
from final
inner join phrases
    on
        final.aspect_no = phrases.aspect_no
        and final.is_positive = phrases.is_positive
        and final.phrase_no = phrases.phrase_no;

create table truth_storefront.truth_review_stream as

with

written as (

    select
        visit_no,
        line_no,
        line_key,
        person_no,
        item_no,
        reviewed_us,
        avg(is_positive::integer) as positive_share,
        string_agg(phrase, ' ' order by mention_no) as body,
        max(case when mention_no = 0 then phrase end) as first_phrase
    from review_aspects
    group by visit_no, line_no, line_key, person_no, item_no, reviewed_us

)

select
    'r' || to_hex(line_key) as review_id,
    customer_id(person_no) as customer_id,
    item_id(item_no) as item_id,
    order_id(visit_no) as order_id,
    make_timestamptz(reviewed_us) as reviewed_at,
    least(5, greatest(1, round(
        1.4 + 3.3 * positive_share + 1.2 * (uniform(line_key, 'rating') - 0.5)
    )))::double as rating,
    case
        when positive_share > 0.6
            then ['Great', 'Happy with it', 'Recommended', 'Would buy again'][
                1 + floor(uniform(line_key, 'title') * 4)::integer
            ]
        when positive_share < 0.4
            then ['Disappointed', 'Not again', 'Poor', 'Expected more'][
                1 + floor(uniform(line_key, 'title') * 4)::integer
            ]
        else ['So-so', 'Mixed feelings', 'It is all right'][1 + floor(uniform(line_key, 'title') * 3)::integer]
    end as title,
    ['', '', 'Bought it for my sister. ', 'Ordered on a Monday. ', 'My second one. '][
        1 + floor(uniform(line_key, 'opening') * 5)::integer
    ] || body as body
from written
order by reviewed_us, visit_no, line_no;
