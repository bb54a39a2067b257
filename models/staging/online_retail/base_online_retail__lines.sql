{{ config(enabled=source_is_enabled('online_retail')) }}

-- The invoice lines under one set of names, whichever edition of the file it is (Parquet or CSV, the names of the
-- first or of the second Online Retail data set). Public editions as CSV are in UTF-8 or in Windows-1252.
{%- set layout = {'names': [], 'widths': [], 'encoding': 'utf-8 or windows-1252', 'read': []} %}
{%- set input = read_input(source('online_retail', 'lines'), 'online_retail_path', layout=layout) %}
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
}, layout.read) %}
{%- set found = with_formats(
    'online_retail.lines', input, 'input_lines', found, ['invoice_date'], ['quantity', 'unit_price']
) %}
with

raw_lines as (

    select * from {{ input }}

),

input_lines as (

    select
        input_lines.*,
        {{ clean_texts(
            found, ids=['invoice_no', 'stock_code'], owners=['customer_id']
        ) }}
    from raw_lines as input_lines

),

{% set clean = cleaned(found, 'input_lines', ['customer_id', 'invoice_no', 'stock_code']) -%}
final as (

    select
        {{ id_value(clean.invoice_no) }} as invoice_no,
        upper({{ id_value(clean.stock_code) }}) as stock_code,
        {{ text_value(clean.description) }} as description,
        {{ owner_id_value(clean.customer_id) }} as customer_id,
        {{ text_value(clean.country) }} as country,

        {{ number_value(clean.quantity) }} as quantity,
        {{ number_value(clean.unit_price) }} as unit_price,

        {{ time_value(clean.invoice_date) }} as invoiced_at,

        {{ first_problem([
            'input_lines.footfall_id_problem',
            line_problem(columns, 'input_lines'),
            number_problem('Quantity', clean.quantity),
            number_problem('UnitPrice', clean.unit_price),
            time_problem('InvoiceDate', clean.invoice_date)
        ]) }} as value_problem,
        {{ value_notes(
            nothing_notes({
                'order_id': clean.invoice_no, 'item_id': clean.stock_code, 'event_at': clean.invoice_date,
                'customer_id': clean.customer_id, 'country': clean.country,
                'quantity': clean.quantity, 'unit_price': clean.unit_price
            }, ['customer_id'])
        ) }} as value_notes,

        {{ raw_row(columns, 'input_lines') }} as raw_row
    from input_lines

)

select * from final
