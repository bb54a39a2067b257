{{ config(enabled=source_is_enabled('storefront')) }}

-- Does churn_risk rank those who have left above the others? The simulated shop knows them. One row a tenth of the
-- customers by risk: how many of them have really left, and the AUC of the ranking, the chance that a customer who left
-- is ranked riskier than one who stayed (.5 is a coin).
with

churn_risk as (

    select * from {{ ref('churn_risk') }}

),

truth as (

    select
        {{ hmac_sha256("'storefront:customer:' || customer_id") }} as customer_key,
        churned_at
    from truth_storefront.truth_customers

),

judged as (

    select
        churn_risk.horizon_days,
        churn_risk.customer_key,
        churn_risk.churn_probability,
        coalesce(truth.churned_at < churn_risk.as_of_date, false) as is_gone,
        ntile(10) over (
            partition by churn_risk.horizon_days
            order by churn_risk.churn_probability desc, churn_risk.customer_key asc
        ) as risk_tenth,
        rank() over (partition by churn_risk.horizon_days order by churn_risk.churn_probability) as lowest_rank,
        count(*) over (partition by churn_risk.horizon_days, churn_risk.churn_probability) as tied_count
    from churn_risk
    inner join truth on churn_risk.customer_key = truth.customer_key

),

-- Mann and Whitney (1947): the AUC from the sum of ranks, ties at their mean rank.
rankings as (

    select
        horizon_days,
        cast(count(case when is_gone then 1 end) as double) as gone_count,
        cast(count(case when not is_gone then 1 end) as double) as staying_count,
        sum(case when is_gone then lowest_rank + (tied_count - 1) / 2e0 end) as gone_rank_sum
    from judged
    group by horizon_days

),

tenths as (

    select
        horizon_days,
        risk_tenth,
        count(*) as customer_count,
        avg(churn_probability) as mean_probability,
        avg(case when is_gone then 1e0 else 0e0 end) as gone_share
    from judged
    group by horizon_days, risk_tenth

),

final as (

    select
        tenths.horizon_days,
        tenths.risk_tenth,

        tenths.customer_count,
        round(tenths.mean_probability, 4) as mean_probability,
        round(tenths.gone_share, 4) as gone_share,
        round(
            (rankings.gone_rank_sum - rankings.gone_count * (rankings.gone_count + 1) / 2e0)
            / nullif(rankings.gone_count * rankings.staying_count, 0),
            4
        ) as auc
    from tenths
    inner join rankings on tenths.horizon_days = rankings.horizon_days

)

select * from final
order by horizon_days, risk_tenth
