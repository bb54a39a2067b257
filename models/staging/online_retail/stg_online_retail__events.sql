{{ config(enabled=source_is_enabled('online_retail')) }}

-- Invoice lines of a wholesaler of gifts. A line has no id of its own: one is made of all that it says, so that exact
-- copies share it and only the first is kept. A quarter of the lines have no customer: they are sales over the counter
-- and orders of nobody, or, without a price, movements of stock.
-- Times are the shop's own (London) and without a zone; they are taken as UTC.
with

lines as (

    select * from {{ ref('base_online_retail__lines') }}

),

final as (

    select
        'online_retail' as source,
        {{ made_id('online_retail', {
            'customer_id': 'customer_id',
            'event_at': microseconds_of('invoiced_at'),
            'item_id': 'stock_code',
            'item_name': 'description',
            'order_id': 'invoice_no',
            'quantity': 'quantity',
            'unit_price': 'unit_price',
            'country': 'country'
        }) }} as event_id,
        customer_id,
        cast(null as string) as device_id,

        invoiced_at as event_at,
        coalesce(invoiced_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        cast(null as bigint) as sequence_no,

        -- Cancelled invoices carry a C before their number and quantities below zero.
        case when invoice_no like 'C%' then 'refund' else 'purchase' end as event_type,
        stock_code as item_id,
        invoice_no as order_id,

        quantity,
        unit_price,
        quantity * unit_price as amount,
        cast(null as double) as listed_amount,

        'GBP' as currency,
        cast(null as string) as session_hint,
        cast(null as string) as channel,
        {{ no_texts(visit_columns()) }},
        cast(null as string) as device,
        country,
        {{ no_texts(payment_columns() + ['source_event_id', 'message_text']) }},
        cast(null as string) as properties,
        raw_row,
        case
            when value_problem is not null then value_problem
            when invoice_no is null then 'the line has no invoice number'
            when customer_id is null and coalesce(unit_price, 0e0) = 0e0 then 'a movement of stock, no sale'
            when invoice_no like 'A%' then 'adjustment of bad debt, no sale'
            when invoice_no not like 'C%' and quantity < 0 then 'quantity is negative but nothing was cancelled'
        end as rejection,
        value_notes
    from lines

)

select * from final
