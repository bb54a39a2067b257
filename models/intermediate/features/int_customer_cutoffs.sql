-- A customer as she could be known on a cut-off date, and what she then did. Features (`f_`) come from days before
-- the cut-off only; labels from the days of the horizon, empty as long as the horizon is not over.
{%- set spans = [7, 30, 90, 180] %}
{%- set horizons = var('horizons_days') %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where event_type = 'purchase'

),

items as (

    select * from {{ ref('int_items') }}

),

dated_days as (

    select
        *,
        case when is_order_day then active_on end as ordered_on,
        case
            when is_order_day then {{ dbt.datediff(
                'lag(active_on) over (partition by customer_no, is_order_day order by active_on)', 'active_on', 'day'
            ) }}
        end as gap_days
    from customer_days

),

-- The first time she bought an item or from a category: how many lie before a cut-off is how broad her taste is.
first_items as (

    select
        customer_no,
        item_id,
        cast(min(ordered_at) as date) as first_bought_on
    from order_lines
    where item_id is not null
    group by customer_no, item_id

),

first_categories as (

    select
        first_items.customer_no,
        items.category,
        min(first_items.first_bought_on) as first_bought_on
    from first_items
    inner join items on first_items.item_id = items.item_id
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

history as (

    select
        dated_days.*,
        cutoffs.cutoff_date,
        cutoffs.as_of_date,
        cutoffs.is_as_of,
        {{ dbt.datediff('dated_days.active_on', 'cutoffs.cutoff_date', 'day') }} as days_back
    from dated_days
    inner join cutoffs on dated_days.active_on < cutoffs.cutoff_date

),

features as (

    select
        customer_no,
        cutoff_date,
        max(as_of_date) as as_of_date,
        bool_or(is_as_of) as is_as_of,

        cast(min(case when is_order_day then days_back end) as double) as f_recency_days,
        cast(min(days_back) as double) as f_activity_recency_days,
        cast(max(days_back) as double) as f_tenure_days,
        cast(max(case when is_order_day then days_back end) as double) as f_first_order_days,

        cast(count(ordered_on) as double) as f_order_days,
        cast(sum(order_count) as double) as f_order_count,
        sum(case when is_order_day then spend_amount else 0 end) as f_amount,
        avg(case when is_order_day then spend_amount end) as f_mean_order_amount,
        max(case when is_order_day then spend_amount end) as f_max_order_amount,
        stddev_samp(case when is_order_day then ln(1 + spend_amount) end) as f_std_log_order_amount,
        cast(sum(order_line_count) as double) as f_order_lines,

        {%- for days in spans %}
        cast(count(case when is_order_day and days_back <= {{ days }} then 1 end) as double) as f_orders_{{ days }}d,
        sum(case when days_back <= {{ days }} then spend_amount else 0 end) as f_amount_{{ days }}d,
        cast(sum(case when days_back <= {{ days }} then session_count else 0 end) as double) as f_sessions_{{ days }}d,
        {%- endfor %}

        cast(sum(case when days_back <= 30 then view_count else 0 end) as double) as f_views_30d,
        cast(sum(case when days_back <= 30 then cart_count else 0 end) as double) as f_carts_30d,
        cast(sum(case when days_back <= 90 then friction_count else 0 end) as double) as f_frictions_90d,
        cast(sum(case when days_back <= 90 then campaign_count else 0 end) as double) as f_campaigns_90d,

        avg(gap_days) as f_mean_gap_days,
        stddev_samp(gap_days) as f_std_gap_days,
        cast({{ value_at_max('gap_days', 'ordered_on') }} as double) as f_last_gap_days,

        -sum(refund_amount) / nullif(sum(gross_amount), 0) as f_refund_share,
        sum(discount_amount) / nullif(sum(gross_amount) + sum(discount_amount), 0) as f_discount_share
    from history
    group by customer_no, cutoff_date

),

future as (

    select
        customer_days.customer_no,
        cutoffs.cutoff_date,
        {%- for days in horizons %}
        count(case
            when customer_days.is_order_day
                and {{ dbt.datediff('cutoffs.cutoff_date', 'customer_days.active_on', 'day') }} < {{ days }}
                then 1
        end) as orders_next_{{ days }}d,
        sum(case
            when {{ dbt.datediff('cutoffs.cutoff_date', 'customer_days.active_on', 'day') }} < {{ days }}
                then customer_days.spend_amount
            else 0
        end) as spend_next_{{ days }}d
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from customer_days
    inner join cutoffs
        on customer_days.active_on >= cutoffs.cutoff_date
        and {{ dbt.datediff('cutoffs.cutoff_date', 'customer_days.active_on', 'day') }} < {{ horizons | max }}
    group by customer_days.customer_no, cutoffs.cutoff_date

),

final as (

    select
        features.*,
        cast(coalesce(item_breadth.item_count, 0) as double) as f_item_count,
        cast(coalesce(category_breadth.category_count, 0) as double) as f_category_count,
        {%- for days in horizons %}
        case
            when {{ dbt.dateadd('day', days, 'features.cutoff_date') }} <= features.as_of_date
                then coalesce(future.orders_next_{{ days }}d, 0)
        end as orders_next_{{ days }}d,
        case
            when {{ dbt.dateadd('day', days, 'features.cutoff_date') }} <= features.as_of_date
                then coalesce(future.spend_next_{{ days }}d, 0)
        end as spend_next_{{ days }}d
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from features
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
