-- Amounts in several currencies must not be summed: set var reporting_currency and give rates in
-- seeds/currency_rates.csv. Returns the currencies found, with their rows.
with

currencies as (

    select
        currency,
        count(*) as row_count,
        count(*) over () as currency_count
    from {{ ref('int_accepted_events') }}
    where amount is not null
        and currency is not null
    group by currency

)

select
    currency,
    row_count
from currencies
where currency_count > 1
