-- What is given back of an order with a number is at most what was paid for it. Refunds that are larger are booked as
-- they came: they hold shipping or tax that the orders leave out, were sent twice under different amounts, or are at
-- list prices. Returns the sources with such orders, and both sums.
{{ config(severity='warn') }}

select
    source,
    count(*) as order_count,
    sum(paid_amount) as paid_amount,
    sum(given_back_amount) as given_back_amount,
    'send refunds without shipping and tax, at the price that was paid; int_order_lines has the orders' as what_to_do
from ({{ refunds_beyond_payment() }}) as orders
group by source
