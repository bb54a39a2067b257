-- How far features and scores have moved between then and now: the population stability index over the tenths of then,
-- which is the newest cut-off that churn learned from. Risk has no cut-offs and says itself since when it compares.
with

cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

feature_bins as (

    select * from {{ ref('int_feature_bins') }}

),

scored_churn as (

    select * from {{ ref('scored_churn') }}

),

scored_value as (

    select * from {{ ref('scored_value') }}

),

scored_risk as (

    select * from {{ ref('scored_risk') }}

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

-- Half a customer more in each bin keeps an empty one from being infinite.
shares as (

    select
        feature,
        (then_count + 0.5e0) / sum(then_count + 0.5e0) over (partition by feature) as then_share,
        (now_count + 0.5e0) / sum(now_count + 0.5e0) over (partition by feature) as now_share
    from feature_bins

),

feature_drift as (

    select
        'feature' as kind,
        feature as name,
        sum((now_share - then_share) * ln(now_share / then_share)) as stability_index,
        cast(null as date) as own_then_date
    from shares
    group by feature

),

runs as (

    select distinct
        'churn' as score,
        horizon_days,
        run_metadata
    from scored_churn
    union all
    select distinct
        'value' as score,
        horizon_days,
        run_metadata
    from scored_value
    union all
    select distinct
        'risk' as score,
        0 as horizon_days,
        run_metadata
    from scored_risk

),

horizon_drift as (
    {% for days in ([0] + var('horizons_days') + var('value_horizons_days')) | unique | sort %}
    select
        'score' as kind,
        score || {{ days_ahead('horizon_days') }} as name,
        cast({{ json_text('run_metadata', '$.metrics."' ~ days ~ 'd".score_psi') }} as double) as stability_index,
        cast({{ json_text('run_metadata', '$.metrics."' ~ days ~ 'd".score_psi_since') }} as date) as own_then_date
    from runs
    where horizon_days = {{ days }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

drifts as (

    select * from feature_drift
    union all
    select * from horizon_drift

),

final as (

    select
        drifts.kind,
        drifts.name,
        case
            when drifts.stability_index >= {{ double_var('drift_fail') }} then 'fail'
            when drifts.stability_index >= {{ double_var('drift_warn') }} then 'warn'
            else 'pass'
        end as status,

        drifts.stability_index,

        coalesce(drifts.own_then_date, dates.then_date) as then_date,
        dates.now_date
    from drifts
    cross join dates
    where drifts.stability_index is not null

)

select * from final
