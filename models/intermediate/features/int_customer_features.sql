{{ config(materialized='incremental', incremental_strategy='replace_customers_and_cutoffs') }}
-- depends_on: {{ ref('int_touched_visitors') }}
-- depends_on: {{ ref('int_sessions') }}

-- A customer as they could be known on a cut-off date: everything here comes from days before that date.
-- Incremental: touched customers are computed again at the cut-offs that the change can affect, everybody at new
-- cut-offs.
{%- set spans = feature_spans() %}
{%- set half_lives = feature_half_lives() %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

customer_days as (

    select * from {{ ref('int_customer_days') }}

),

given_back as (

    select * from {{ ref('int_refunds_by_cutoff') }}

),

customers as (

    select distinct customer_no from customer_days

),

{% if is_incremental() -%}
touched as (
    {{ touched_days() }}
),

standing_cutoffs as (

    select distinct cutoff_date from {{ this }}

),
{%- endif %}

asked as (

    select
        customers.customer_no,
        cutoffs.cutoff_date
    from customers
    cross join cutoffs
    {% if is_incremental() -%}
    left join touched on customers.customer_no = touched.visitor_no
    left join standing_cutoffs on cutoffs.cutoff_date = standing_cutoffs.cutoff_date
    where touched.touched_on < cutoffs.cutoff_date
        or standing_cutoffs.cutoff_date is null
    {%- endif %}

),

history as (

    select
        customer_days.*,
        asked.cutoff_date,
        {{ days_between('customer_days.active_on', 'asked.cutoff_date') }} as days_back,
        case
            when customer_days.is_order_day and coalesce(given_back.order_day_change, 0) = 0
                then customer_days.active_on
        end as ordered_on,
        customer_days.spend_amount + coalesce(given_back.spend_change, 0) as spent_amount
    from customer_days
    inner join asked
        on customer_days.customer_no = asked.customer_no
        and customer_days.active_on < asked.cutoff_date
    left join given_back
        on customer_days.customer_no = given_back.customer_no
        and customer_days.active_on = given_back.ordered_on
        and asked.cutoff_date = given_back.cutoff_date

),

dated_days as (

    select
        *,
        case when ordered_on is not null then days_back end as order_days_back,
        case when ordered_on is not null then spent_amount end as order_amount,
        {{ days_between(
            'lag(ordered_on) over (partition by customer_no, cutoff_date, ordered_on is null order by active_on)',
            'ordered_on',
        ) }} as gap_days
    from history

),

final as (

    select
        customer_no,
        cutoff_date,

        cast(min(order_days_back) as double) as f_recency_days,
        cast(min(days_back) as double) as f_activity_recency_days,
        cast(max(days_back) as double) as f_tenure_days,
        cast(max(order_days_back) as double) as f_first_order_days,

        cast(count(ordered_on) as double) as f_order_days,
        cast(sum(order_count) as double) as f_order_count,
        coalesce(sum(order_amount), 0) as f_amount,
        avg(order_amount) as f_mean_order_amount,
        max(order_amount) as f_max_order_amount,
        stddev_samp(ln(1 + order_amount)) as f_std_log_order_amount,
        cast(sum(order_line_count) as double) as f_order_lines,

        {%- for days in spans %}
        cast(count(case when order_days_back <= {{ days }} then 1 end) as double) as f_orders_{{ days }}d,
        sum(case when order_days_back <= {{ days }} then order_amount else 0 end) as f_amount_{{ days }}d,
        cast(sum(case when days_back <= {{ days }} then session_count else 0 end) as double) as f_sessions_{{ days }}d,
        {%- endfor %}
        {%- for days in half_lives %}
        coalesce(sum(power(0.5e0, order_days_back / {{ days }}e0)), 0)
            as f_decayed_orders_{{ days }}d,
        coalesce(sum(order_amount * power(0.5e0, order_days_back / {{ days }}e0)), 0)
            as f_decayed_amount_{{ days }}d,
        {%- endfor %}
        cast(sum(case when days_back <= 30 then view_count else 0 end) as double) as f_views_30d,
        cast(sum(case when days_back <= 30 then cart_count else 0 end) as double) as f_carts_30d,
        cast(sum(case when days_back <= 90 then friction_count else 0 end) as double) as f_frictions_90d,
        cast(sum(case when days_back <= 90 then campaign_count else 0 end) as double) as f_campaigns_90d,

        avg(gap_days) as f_mean_gap_days,
        stddev_samp(gap_days) as f_std_gap_days,
        cast({{ value_at_max('gap_days', 'ordered_on') }} as double) as f_last_gap_days,
        cast({{ value_at_max('order_line_count', 'ordered_on') }} as double) as f_last_order_lines,
        {{ value_at_max('order_amount', 'ordered_on') }} as f_last_order_amount,

        abs(sum(refund_amount)) / nullif(sum(gross_amount), 0) as f_refund_share,
        sum(discount_amount) / nullif(sum(gross_amount) + sum(discount_amount), 0) as f_discount_share,

        max(loaded_at) as loaded_at
    from dated_days
    group by customer_no, cutoff_date

)

select * from final
