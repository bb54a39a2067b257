-- How many customers were in each tenth of each feature then, at the newest cut-off that churn learned from, and are
-- there now. The tenths are those of then; equal edges are one, so a feature that is mostly nothing has fewer bins.
{%- set most_customers = 5000 %}
{%- set tenths = ['0.1e0', '0.2e0', '0.3e0', '0.4e0', '0.5e0', '0.6e0', '0.7e0', '0.8e0', '0.9e0'] %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

customer_features as (

    select * from {{ ref('int_customer_features') }}

),

dates as (

    select
        max(case when is_as_of then cutoff_date end) as now_date,
        max(
            case
                when not is_as_of
                    and {{ dbt.dateadd('day', var('horizons_days') | min, 'cutoff_date') }} <= complete_until
                    then cutoff_date
            end
        ) as then_date
    from cutoffs

),

known as (

    select distinct customer_no from customer_features

),

-- Five thousand customers show the shape of all.
customers as (

    select
        customer_no,
        row_number() over (order by md5(cast(customer_no as string))) as place
    from known

),

looked_at as (

    select
        customer_features.*,
        customer_features.cutoff_date = dates.now_date as is_now
    from customer_features
    inner join dates
        on customer_features.cutoff_date = dates.now_date
        or customer_features.cutoff_date = dates.then_date
    inner join customers on customer_features.customer_no = customers.customer_no
    where customer_features.f_order_days >= 1
        and customers.place <= {{ most_customers }}

),

cells as (

    {{ each_feature('looked_at', 'int_customer_features') }}

),

tenths as (

    select
        feature,
        {%- for tenth in tenths %}
        {{ quantile_of('amount', tenths, loop.index) }} as edge_{{ loop.index }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from cells
    where not is_now
    group by feature

),

edges as (
    {% for tenth in tenths %}
    select
        feature,
        edge_{{ loop.index }} as edge
    from tenths
    {% if not loop.last %}union{% endif %}
    {%- endfor %}
),

-- The first bin has no lower edge, the last no upper one.
bins as (

    select
        feature,
        row_number() over (partition by feature order by edge) as bin,
        edge as lower_edge,
        lead(edge) over (partition by feature order by edge) as upper_edge
    from edges
    union all
    select
        feature,
        0 as bin,
        cast(null as double) as lower_edge,
        min(edge) as upper_edge
    from edges
    group by feature

),

final as (

    select
        bins.feature,
        cast(bins.bin as integer) as bin,
        count(case when not cells.is_now then 1 end) as then_count,
        count(case when cells.is_now then 1 end) as now_count
    from bins
    left join cells
        on bins.feature = cells.feature
        and coalesce(bins.lower_edge < cells.amount, true)
        and coalesce(bins.upper_edge >= cells.amount, true)
    group by bins.feature, bins.bin

)

select * from final
