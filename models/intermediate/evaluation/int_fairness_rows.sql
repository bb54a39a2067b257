{{ config(materialized='view') }}

-- What the newest back-test predicted of each customer, what then happened, and the group that they belong to by each
-- attribute of var `fairness_attributes`. This is the only place where such an attribute meets a score.
{%- set attributes = var('fairness_attributes') %}
with

churn as (

    select * from {{ ref('backtest_churn') }}
    where metric = 'prediction'

),

customer_value as (

    select * from {{ ref('backtest_value') }}
    where metric = 'prediction'

),

customer_features as (

    select * from {{ ref('int_customer_features') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

judged as (
    {% for scores in ['churn', 'customer_value'] %}
    select
        score,
        horizon_days,
        cutoff_date,
        customer_no,
        value as observed,
        predicted
    from {{ scores }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (
    {% for attribute in attributes %}
    select
        judged.score,
        {{ sql_text(attribute) }} as attribute,
        {{ customer_attribute(attribute, 'customers', 'judged.cutoff_date') }} as group_name,

        judged.horizon_days,
        judged.customer_no,
        judged.observed,
        judged.predicted,
        customer_features.f_amount as spend_before,

        judged.cutoff_date
    from judged
    left join customers on judged.customer_no = customers.customer_no
    left join customer_features
        on judged.customer_no = customer_features.customer_no
        and judged.cutoff_date = customer_features.cutoff_date
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {%- if not attributes %}
    select
        score,
        cast(null as string) as attribute,
        cast(null as string) as group_name,
        horizon_days,
        customer_no,
        observed,
        predicted,
        predicted as spend_before,
        cutoff_date
    from judged
    where false
    {%- endif %}
)

select * from final
