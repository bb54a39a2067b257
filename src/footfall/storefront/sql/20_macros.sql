-- Randomness: a key is a 64 bit number of one thing (a customer, a visit, an event); a draw is a hash of
-- the key and the draw's purpose. A draw depends on nothing else: not on row order, threads or other
-- draws. The key is mixed before and after the exclusive or, because DuckDB's hash of several columns
-- ends in a bare exclusive or and would give dependent draws.

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
