-- How far features and scores have moved between the newest cut-off that churn learned from and now: the population
-- stability index over the tenths of then.
{%- set most_customers = 5000 %}
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

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

-- Five thousand customers tell the shape of all.
customers as (

    select
        customer_no,
        row_number() over (order by md5(cast(customer_no as varchar))) as place
    from (select distinct customer_no from {{ ref('int_customer_features') }})

),

features as (

    select
        features.*,
        features.cutoff_date = dates.now_date as is_now
    from {{ ref('int_customer_features') }} as features
    inner join dates
        on features.cutoff_date = dates.now_date
        or features.cutoff_date = dates.then_date
    inner join customers
        on features.customer_no = customers.customer_no
        and customers.place <= {{ most_customers }}
    where features.f_order_days >= 1

),

cells as (

    unpivot (select * exclude (customer_no, cutoff_date, loaded_at) from features)
    on columns('^f_')
    into name feature value amount

),

-- Equal edges are one: a feature that is mostly nothing has fewer than ten bins.
edges as (

    select distinct
        feature,
        edge
    from (
        select
            feature,
            unnest(quantile_cont(amount, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])) as edge
        from cells
        where not is_now
        group by feature
    ) as tenths

),

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
        cast('-inf' as double) as lower_edge,
        min(edge) as upper_edge
    from edges
    group by feature

),

counted as (

    select
        bins.feature,
        bins.bin,
        count(case when not cells.is_now then 1 end) + 0.5 as then_count,
        count(case when cells.is_now then 1 end) + 0.5 as now_count
    from bins
    left join cells
        on bins.feature = cells.feature
        and bins.lower_edge < cells.amount
        and coalesce(bins.upper_edge, cast('inf' as double)) >= cells.amount
    group by bins.feature, bins.bin

),

shares as (

    select
        feature,
        then_count / sum(then_count) over (partition by feature) as then_share,
        now_count / sum(now_count) over (partition by feature) as now_share
    from counted

),

feature_drift as (

    select
        'feature' as kind,
        feature as name,
        sum((now_share - then_share) * ln(now_share / then_share)) as stability_index
    from shares
    group by feature

),

runs as (

    select distinct
        'churn' as score,
        horizon_days,
        run_metadata
    from {{ ref('scored_churn') }}
    union all
    select distinct
        'value' as score,
        horizon_days,
        run_metadata
    from {{ ref('scored_value') }}

),

score_drift as (

    select
        'score' as kind,
        score || ', ' || horizon_days || ' days' as name,
        cast(
            json_extract_string(run_metadata, '$.metrics."' || horizon_days || 'd".score_psi') as double
        ) as stability_index
    from runs

),

drifts as (

    select * from feature_drift
    union all
    select * from score_drift

),

final as (

    select
        drifts.kind,
        drifts.name,
        case
            when drifts.stability_index >= {{ var('drift_fail') }} then 'fail'
            when drifts.stability_index >= {{ var('drift_warn') }} then 'warn'
            else 'pass'
        end as status,

        drifts.stability_index,

        dates.then_date,
        dates.now_date
    from drifts
    cross join dates
    where drifts.stability_index is not null

)

select * from final
