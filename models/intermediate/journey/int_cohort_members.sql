-- Customers by the month of their first order day, once for each slice of the cohorts.
{%- set slices = {
    'all': "cast('all' as string)",
    'first_channel': "coalesce(first_channel, 'unknown')",
    'first_device': "coalesce(first_device, 'unknown')",
    'country': "coalesce(country, 'unknown')",
} %}
with

entries as (

    select * from {{ ref('int_order_entries') }}

),

order_days as (

    select
        customer_no,
        ordered_on
    from entries
    group by customer_no, ordered_on
    having sum(order_day_count) > 0

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where customer_no is not null
        and not is_bot

),

customers as (

    select * from {{ ref('int_customers') }}

),

numbered_sessions as (

    select
        customer_no,
        channel,
        device,
        row_number() over (partition by customer_no order by session_started_at, session_id) as session_no
    from sessions

),

first_sessions as (

    select * from numbered_sessions
    where session_no = 1

),

buyers as (

    select
        customer_no,
        cast({{ dbt.date_trunc('month', 'min(ordered_on)') }} as date) as cohort_month
    from order_days
    group by customer_no

),

described as (

    select
        buyers.customer_no,
        buyers.cohort_month,
        first_sessions.channel as first_channel,
        first_sessions.device as first_device,
        customers.country
    from buyers
    inner join customers on buyers.customer_no = customers.customer_no
    left join first_sessions on buyers.customer_no = first_sessions.customer_no

),

final as (
    {% for name, value in slices.items() %}
    select
        customer_no,
        cohort_month,
        '{{ name }}' as slice_name,
        {{ value }} as slice_value
    from described
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from final
