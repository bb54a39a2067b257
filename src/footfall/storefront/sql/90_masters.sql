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

create table truth_storefront.truth_review_stream as

select
    text_id as review_id,
    customer_id(person_no) as customer_id,
    item_id(item_no) as item_id,
    order_id(visit_no) as order_id,
    make_timestamptz(written_us) as reviewed_at,
    -- Some people press any star
    case
        when uniform(text_key, 'any rating') < getvariable('random_rating_share')
            then 1 + floor(uniform(text_key, 'which rating') * 5)
        else least(5, greatest(1, round(
            2.9 + 1.6 * balance + 0.8 * (logistic(log_odds) - 0.72) + 1.1 * (uniform(text_key, 'rating') - 0.5)
        )))
    end::double as rating,
    title,
    body
from texts
where kind = 'review'
order by written_us, visit_no, line_no;
