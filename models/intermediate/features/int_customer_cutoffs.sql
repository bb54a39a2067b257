{{ config(materialized='view') }}

-- A customer as they could be known on a cut-off date, and what they then did. Features (`f_`) come from days before
-- the cut-off only; labels from the days of the horizon, empty as long as the horizon is not known to be over.
{%- set horizons = (horizon_list() + horizon_list('value_horizons_days')) | unique | sort %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

features as (

    select * from {{ ref('int_customer_features') }}

),

entries as (

    select * from {{ ref('int_order_entries') }}

),

breadth as (

    select * from {{ ref('int_customer_breadth') }}

),

-- A refund counts on the day of its order, from the day on that it was booked: later it is in no window that is over.
days_ahead as (

    select
        entries.customer_no,
        cutoffs.cutoff_date,
        entries.order_day_count,
        entries.spend_amount,
        {{ days_between('cutoffs.cutoff_date', 'entries.booked_on') }} as day_no
    from entries
    inner join cutoffs on entries.ordered_on >= cutoffs.cutoff_date

),

future as (

    select
        customer_no,
        cutoff_date,
        {%- for days in horizons %}
        cast(sum(case when day_no < {{ days }} then order_day_count else 0 end) as bigint) as orders_next_{{ days }}d,
        sum(case when day_no < {{ days }} then spend_amount else 0 end) as spend_next_{{ days }}d
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from days_ahead
    where day_no < {{ horizons | max }}
    group by customer_no, cutoff_date

),

final as (

    select
        features.customer_no,
        features.cutoff_date,
        {{ prefixed('features', customer_features()) | join(',\n        ') }},
        cast(coalesce(breadth.item_count, 0) as double) as f_item_count,
        cast(coalesce(breadth.category_count, 0) as double) as f_category_count,
        {%- for days in horizons %}
        case
            when {{ dbt.dateadd('day', days, 'cutoffs.cutoff_date') }} <= cutoffs.complete_until
                then coalesce(future.orders_next_{{ days }}d, 0)
        end as orders_next_{{ days }}d,
        case
            when {{ dbt.dateadd('day', days, 'cutoffs.cutoff_date') }} <= cutoffs.complete_until
                then case when future.orders_next_{{ days }}d > 0 then future.spend_next_{{ days }}d else 0 end
        end as spend_next_{{ days }}d,
        {%- endfor %}
        cutoffs.as_of_date,
        cutoffs.is_as_of
    from features
    inner join cutoffs on features.cutoff_date = cutoffs.cutoff_date
    left join breadth
        on features.customer_no = breadth.customer_no
        and features.cutoff_date = breadth.cutoff_date
    left join future
        on features.customer_no = future.customer_no
        and features.cutoff_date = future.cutoff_date

)

select * from final
