-- Sizes that follow from the number of customers

create or replace temp macro visitor_count() as
getvariable('customers') * getvariable('visitors_per_customer');

create or replace temp macro bot_count() as
greatest(1, getvariable('customers') // getvariable('customers_per_bot'));

create or replace temp macro item_count() as
least(
    getvariable('largest_item_count'),
    getvariable('smallest_item_count') + getvariable('customers') // getvariable('customers_per_item')
);

-- Randomness: a key is a 64 bit number of one thing (a customer, a visit, an event); a draw is a hash of
-- the key and the draw's purpose. A draw depends on nothing else: not on row order, threads or other
-- draws. The key is mixed before and after the exclusive or, because DuckDB's hash of several columns
-- ends in a bare exclusive or and would give dependent draws.

-- Key of the things of one kind, from the seed
create or replace temp macro root(kind) as
hash(xor(getvariable('seed')::ubigint, hash(kind)));

-- Key of the thing with this number under another thing
create or replace temp macro child(key, number) as
hash(xor(key, hash((number)::ubigint)));

-- Uniform on the open interval (0, 1)
create or replace temp macro uniform(key, purpose) as
((hash(xor(key, hash(purpose))) >> 11)::double + 0.5) * 1.1102230246251565e-16;

create or replace temp macro exponential(key, purpose) as
-ln(uniform(key, purpose));

-- Standard normal by Box and Muller (1958)
create or replace temp macro normal(key, purpose) as
sqrt(-2 * ln(uniform(key, purpose))) * cos(6.283185307179586 * uniform(key, purpose || ' angle'));

-- Gamma with shape 2 and mean 1
create or replace temp macro gamma_two(key, purpose) as
(exponential(key, purpose) + exponential(key, purpose || ' second')) / 2;

create or replace temp macro logistic(log_odds) as
1 / (1 + exp(-(log_odds)));

-- A ring works in one of three ways: shared devices and cards, shared cards and addresses, shared devices and addresses
create or replace temp macro ring_key(ring_no) as
child(root('ring'), ring_no);

create or replace temp macro ring_shares_devices(ring_no) as
uniform(ring_key(ring_no), 'way') < 0.75;

create or replace temp macro ring_shares_cards(ring_no) as
uniform(ring_key(ring_no), 'way') < 0.45 or uniform(ring_key(ring_no), 'way') >= 0.75;

create or replace temp macro ring_shares_addresses(ring_no) as
uniform(ring_key(ring_no), 'way') >= 0.45;

-- How many of a thing a ring has
create or replace temp macro ring_size_of(thing, ring_no, least_count, spread) as
least_count + floor(uniform(ring_key(ring_no), thing) * spread)::integer;

-- Hour and minute of a visit in microseconds after midnight: a valley at night, a peak in the evening
create or replace temp macro time_of_day(key) as
(
    (
        [
            0, 0, 1, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 12, 13, 13, 14, 14, 15, 15, 16, 16, 17, 17,
            18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 21, 21, 21, 21, 22, 22, 22, 22, 23, 23, 23,
        ][1 + floor(uniform(key, 'hour') * 48)::integer]
        + uniform(key, 'minute')
    ) * 3600000000
)::bigint;

-- Names of things by their numbers, null for null. A hash of one number is one to one: names are unique.

create or replace temp macro customer_id(person_no) as
'c' || (100000 + person_no);

create or replace temp macro item_id(item_no) as
'i' || (100000 + item_no);

-- Device numbers of fraudsters are negative
create or replace temp macro device_id(device_no) as
case when device_no is not null then 'd' || to_hex(child(root('device name'), device_no + 4000000000)) end;

create or replace temp macro order_id(visit_no) as
'o' || to_hex(child(root('order name'), visit_no));

-- What a payment names is known by its key
create or replace temp macro token(letter, key) as
letter || to_hex(key);

create or replace temp macro event_id(event_no) as
'e' || to_hex(child(root('event name'), event_no));

-- Numbers of spoiled copies lie beyond those of all events, a multiple of 4096 away
create or replace temp macro spoiled_event_no(event_no) as
event_no + 2305843009213693952;

create or replace temp macro session_hint(visit_no) as
's' || to_hex(child(root('session name'), visit_no % 562949953421312));

-- Customers who send back most of what they order
create or replace temp macro abuses_refunds(kind, person_no) as
kind = 'customer'
and uniform(child(root('person'), person_no), 'refund abuse') < getvariable('share_of_refund_abusers');

create or replace temp macro writes_in(person_no) as
case
    when uniform(child(root('person'), person_no), 'writes in') < getvariable('share_of_chinese') then 'zh'
    else 'en'
end;

-- How likely somebody is to recommend the shop, 0 to 10, and how content they are, 1 to 5
create or replace temp macro nps_of(satisfaction) as
least(10, greatest(0, round(8.0 + 1.8 * (satisfaction))))::integer;

create or replace temp macro csat_of(satisfaction) as
least(5, greatest(1, round(4.0 + 0.8 * (satisfaction))))::integer;

-- How a visit pays, and why its payment fails
create or replace temp macro payment_method(visit_key) as
['card', 'card', 'card', 'wallet', 'invoice'][1 + floor(uniform(visit_key, 'method') * 5)::integer];

create or replace temp macro payment_error_code(visit_key) as
['declined', 'timeout', 'authentication'][1 + floor(uniform(visit_key, 'code') * 3)::integer];

-- Names that repeat are kept as enums while the simulation works: a byte instead of sixteen

create or replace temp macro as_event_type(name) as
name::enum(
    'register', 'login', 'browse', 'search', 'view', 'wishlist', 'add_to_cart', 'remove_from_cart', 'checkout',
    'payment', 'payment_error', 'purchase', 'refund', 'review', 'support', 'campaign', 'exposure', 'chargeback',
    'clik', 'page_vieww', 'purchse', 'survey'
);

create or replace temp macro as_channel(name) as
name::enum('direct', 'organic', 'paid_search', 'social', 'referral', 'email');

create or replace temp macro as_device(name) as
name::enum('desktop', 'android', 'iphone', 'tablet');

create or replace temp macro as_country(name) as
name::enum('DE', 'FR', 'NL', 'ES', 'IT', 'BE', 'AT');

-- Thieves use accounts of customers; card testers come as guests or open accounts
create or replace temp macro as_kind(name) as
name::enum('customer', 'fraud', 'visitor', 'bot', 'thief', 'tester');
