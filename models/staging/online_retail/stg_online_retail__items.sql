{{ config(enabled=source_is_enabled('online_retail')) }}

-- The file has no catalogue: an item is called what most of its sold lines call it. Lines at price 0 are stock notes
-- ('damaged', '?') and name nothing.
with

lines as (

    select * from {{ ref('base_online_retail__lines') }}

),

names as (

    select
        stock_code,
        description,
        count(*) as count_lines
    from lines
    where stock_code is not null
        and description is not null
        and unit_price > 0
    group by stock_code, description

),

ranked_names as (

    select
        stock_code,
        description,
        row_number() over (partition by stock_code order by count_lines desc, description asc) as name_no
    from names

),

most_used_names as (

    select
        stock_code,
        description
    from ranked_names
    where name_no = 1

),

items as (

    select distinct stock_code
    from lines
    where stock_code is not null

),

final as (

    select
        'online_retail' as source,
        items.stock_code as item_id,
        most_used_names.description as item_name,
        -- Codes of goods start with five digits; the rest is postage, fees, vouchers, samples and corrections.
        case when {{ matches('items.stock_code', '^([0-9]{5}|DCGS)') }} then 'goods' else 'charges' end as category,
        cast(null as string) as subcategory,
        cast(null as string) as brand,
        {{ no_item_details() }},
        -- The file has prices of sales, none of a catalogue: a price over all time would reveal the future.
        cast(null as double) as list_price,
        cast(null as {{ moment_type() }}) as created_at,
        cast(null as boolean) as is_in_stock,
        cast(null as string) as value_notes
    from items
    left join most_used_names on items.stock_code = most_used_names.stock_code

)

select * from final
