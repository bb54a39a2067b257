{{ config(enabled=source_is_enabled('online_retail')) }}

-- The invoice lines under one set of names, whichever edition of the file it is (Parquet or CSV, the names of the
-- first or of the second Online Retail data set).
{%- set input = read_input(source('online_retail', 'lines'), 'online_retail_path') %}
{%- set columns = input_columns(input) %}
{%- set found = required_columns(var('online_retail_path', none), columns, 'input_lines', {
    'invoice_no': ['invoiceno', 'invoice_no', 'invoice'],
    'stock_code': ['stockcode', 'stock_code'],
    'description': ['description'],
    'quantity': ['quantity'],
    'invoice_date': ['invoicedate', 'invoice_date'],
    'unit_price': ['unitprice', 'unit_price', 'price'],
    'customer_id': ['customerid', 'customer_id', 'customer id'],
    'country': ['country']
}) %}
{%- set written_dates = ['%m/%d/%Y %H:%M', '%d-%m-%Y %H:%M'] %}
with

input_lines as (

    select * from {{ input }}

),

final as (

    select
        {{ text_value(found.invoice_no) }} as invoice_no,
        upper({{ text_value(found.stock_code) }}) as stock_code,
        {{ text_value(found.description) }} as description,
        -- Some tools write 17850.0 for a whole number in a column with gaps.
        {{ without_match(id_value(found.customer_id), '[.]0$') }} as customer_id,
        {{ text_value(found.country) }} as country,

        {{ number_value(found.quantity) }} as quantity,
        {{ number_value(found.unit_price) }} as unit_price,

        {{ time_value(found.invoice_date, written_dates) }} as invoiced_at,

        coalesce(
            {{ line_problem(columns, 'input_lines') }},
            {{ number_problem('Quantity', found.quantity) }},
            {{ number_problem('UnitPrice', found.unit_price) }},
            {{ time_problem('InvoiceDate', found.invoice_date, written_dates) }}
        ) as value_problem,

        {{ raw_row(columns, 'input_lines') }} as raw_row
    from input_lines

)

select * from final
