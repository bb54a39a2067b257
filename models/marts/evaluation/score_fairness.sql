-- What each score does to each group of customers, at its newest back-test: a row a group and a cut-off, the metrics
-- next to each other. A metric with fewer than 30 customers in its denominator is empty, and so is what became of a
-- smaller group.
{%- set fewest = 30 %}
{%- set metrics = [
    ('base_rate', 'base_rate'), ('selection_rate', 'selection_rate'), ('true_positive_rate', 'true_positive_rate'),
    ('false_positive_rate', 'false_positive_rate'), ('precision', 'precision_rate'), ('calibration', 'calibration'),
    ('auc', 'auc')
] %}
with

figures as (

    select * from {{ ref('scored_fairness') }}
    where kind = 'group'

),

final as (

    select
        md5(concat_ws('|', score, horizon_days, cut_off, attribute, group_kind, group_name)) as fairness_id,

        score,
        cut_off,
        attribute,
        group_kind,
        group_name,

        cast(horizon_days as integer) as horizon_days,
        customer_count,
        customer_share,
        case when customer_count >= {{ fewest }} then outcome_count end as outcome_count,
        case when customer_count >= {{ fewest }} then selected_count end as selected_count,
        {%- for metric, column in metrics %}
        max(case when metric = '{{ metric }}' then value end) as {{ column }},
        max(case when metric = '{{ metric }}' then lower end) as {{ column }}_lower,
        max(case when metric = '{{ metric }}' then upper end) as {{ column }}_upper,
        {%- endfor %}

        cutoff_date
    from figures
    group by
        score,
        cut_off,
        attribute,
        group_kind,
        group_name,
        horizon_days,
        customer_count,
        customer_share,
        outcome_count,
        selected_count,
        cutoff_date

)

select * from final
