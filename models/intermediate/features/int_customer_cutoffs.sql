{{ config(materialized='view') }}

-- A customer as she could be known on a cut-off date, and what she then did. Features (`f_`) come from days before
-- the cut-off only; labels from the days of the horizon, empty as long as the horizon is not known to be over.
{%- set horizons = (horizon_list() + horizon_list('value_horizons_days')) | unique | sort %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

features as (

    select * exclude (loaded_at) from {{ ref('int_customer_features') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where customer_no is not null
        and event_type = 'purchase'
        and is_known_later is not true

),

items as (

    select * from {{ ref('int_items') }}

),

-- The first time she bought an item or from a category: how many lie before a cut-off is how broad her taste is.
first_items as (

    select
        customer_no,
        source,
        item_id,
        {{ utc_date('min(ordered_at)') }} as first_bought_on
    from order_lines
    where item_id is not null
    group by customer_no, source, item_id

),

first_categories as (

    select
        first_items.customer_no,
        items.category,
        min(first_items.first_bought_on) as first_bought_on
    from first_items
    -- Two sources may use one item id for two items.
    inner join items
        on first_items.item_id = items.item_id
        and first_items.source = items.source
    where items.category is not null
    group by first_items.customer_no, items.category

),

item_breadth as (

    select
        first_items.customer_no,
        cutoffs.cutoff_date,
        count(*) as item_count
    from first_items
    inner join cutoffs on first_items.first_bought_on < cutoffs.cutoff_date
    group by first_items.customer_no, cutoffs.cutoff_date

),

category_breadth as (

    select
        first_categories.customer_no,
        cutoffs.cutoff_date,
        count(*) as category_count
    from first_categories
    inner join cutoffs on first_categories.first_bought_on < cutoffs.cutoff_date
    group by first_categories.customer_no, cutoffs.cutoff_date

),

days_ahead as (

    select
        customer_days.customer_no,
        cutoffs.cutoff_date,
        customer_days.spend_amount,
        customer_days.is_order_day,
        {{ days_between('cutoffs.cutoff_date', 'customer_days.active_on') }} as day_no
    from customer_days
    inner join cutoffs on customer_days.active_on >= cutoffs.cutoff_date

),

future as (

    select
        customer_no,
        cutoff_date,
        {%- for days in horizons %}
        count(case when is_order_day and day_no < {{ days }} then 1 end) as orders_next_{{ days }}d,
        sum(case when day_no < {{ days }} then spend_amount else 0 end) as spend_next_{{ days }}d
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from days_ahead
    where day_no < {{ horizons | max }}
    group by customer_no, cutoff_date

),

final as (

    select
        features.*,
        cast(coalesce(item_breadth.item_count, 0) as double) as f_item_count,
        cast(coalesce(category_breadth.category_count, 0) as double) as f_category_count,
        {%- for days in horizons %}
        case
            when {{ dbt.dateadd('day', days, 'cutoffs.cutoff_date') }} <= cutoffs.complete_until
                then coalesce(future.orders_next_{{ days }}d, 0)
        end as orders_next_{{ days }}d,
        case
            when {{ dbt.dateadd('day', days, 'cutoffs.cutoff_date') }} <= cutoffs.complete_until
                then coalesce(future.spend_next_{{ days }}d, 0)
        end as spend_next_{{ days }}d,
        {%- endfor %}
        cutoffs.as_of_date,
        cutoffs.is_as_of
    from features
    inner join cutoffs on features.cutoff_date = cutoffs.cutoff_date
    left join item_breadth
        on features.customer_no = item_breadth.customer_no
        and features.cutoff_date = item_breadth.cutoff_date
    left join category_breadth
        on features.customer_no = category_breadth.customer_no
        and features.cutoff_date = category_breadth.cutoff_date
    left join future
        on features.customer_no = future.customer_no
        and features.cutoff_date = future.cutoff_date

)

select * from final
