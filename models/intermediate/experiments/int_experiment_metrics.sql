{{ config(materialized='view') }}

-- Every metric of an experiment: those that all shops have, and those that seeds/experiment_metrics.csv declares.
-- A measure is what is added up for each unit: a share says whether there is any, days how long until the first.
with

declared as (

    select * from {{ ref('experiment_metrics') }}

),

standard as (

    {% for metric, kind, measure, denominator, direction in [
        ('converted', 'share', 'orders', none, 'increase'),
        ('orders', 'total', 'orders', none, 'increase'),
        ('net_amount', 'total', 'net_amount', none, 'increase'),
        ('amount_per_order', 'ratio', 'net_amount', 'orders', 'increase'),
        ('sessions', 'total', 'sessions', none, 'increase'),
        ('refunds', 'total', 'refunds', none, 'decrease'),
        ('days_to_order', 'days', 'orders', none, 'decrease'),
    ] -%}
    select
        '{{ metric }}' as metric,
        '{{ kind }}' as metric_kind,
        '{{ measure }}' as measure,
        {{ "'" ~ denominator ~ "'" if denominator else 'cast(null as string)' }} as denominator_measure,
        '{{ direction }}' as direction
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

measures as (

    select
        metric,
        measure
    from standard
    where metric_kind <> 'ratio'

    union all

    select
        metric,
        metric as measure
    from declared

),

final as (

    select * from standard

    union all

    select
        declared.metric,
        case
            when declared.per_metric is not null then 'ratio'
            when declared.measure = 'any' then 'share'
            else 'total'
        end as metric_kind,
        declared.metric as measure,
        measures.measure as denominator_measure,
        declared.direction
    from declared
    left join measures on declared.per_metric = measures.metric

)

select * from final
