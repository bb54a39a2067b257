{{ config(tags=['risk']) }}

-- How likely each recent payment attempt is to be fraud, by what was known at that moment; why; and what to do about
-- it: let it pass, review it or block it, by what each is expected to cost, within the reviews of a day. Where the
-- score does not pass its gates, its rows are left out. Without a probability the order of the scores decides. What
-- nobody known tried, such as an order over the counter, is looked at alone.
with

scored as (

    select scored.* from {{ ref('scored_risk') }} as scored
    where scored.scored_by = 'rules'
        or (scored.scored_by like 'model%' and {{ is_shown('risk', days='0') }})

),

attempts as (

    select
        *,
        coalesce(cast(visitor_no as string), attempt_id) as party
    from {{ ref('int_payment_attempts') }}

),

rings as (

    select * from {{ ref('int_risk_rings') }}

),

rules as (

    select * from {{ ref('fraud_rules') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

words as (

    select * from {{ words() }}

),

-- At stake is what was tried, whatever came of it: a decision knows no more than the moment did.
staked as (

    select
        attempts.*,
        {{ prefixed('scored', risk_score_columns()) | join(',\n        ') }},
        {{ json_text('scored.run_metadata', '$.run_id') }} as model_run_id,
        attempts.amount * {{ double_var('risk_share_lost') }} as amount_at_stake,
        {{ risk_closed_at('attempts', 'scored.cutoff_date') | indent(8) }} as closed_at
    from attempts
    inner join scored on attempts.attempt_id = scored.attempt_id

),

{{ weighed_attempts('staked') }}

{{ tried_baskets('weighed') }}

{{ review_queue('baskets') }},

decided as (

    select
        baskets.*,
        queued.review_rank,
        {{ risk_decision('baskets', 'queued') | indent(8) }} as decision
    from baskets
    inner join queued
        on baskets.shop_day = queued.shop_day
        and baskets.party = queued.party

),

{{ reasoned_attempts('decided') }}

final as (

    select
        reasoned.attempt_id,
        reasoned.first_attempt_id,
        keys.identity_key as visitor_key,
        case when reasoned.customer_no is not null then keys.identity_key end as customer_key,
        reasoned.order_id as order_key,
        cast(rings.ring_no as string) as ring_id,

        reasoned.decision,
        reasoned.scored_by,
        reasoned.rule_hits,
        {{ prefixed('reasoned', risk_reason_columns()) | join(',\n        ') }},
        {{ prefixed('reasoned', ['feature_1', 'feature_2', 'feature_3', 'outcome', 'channel', 'label_source'])
            | join(',\n        ') }},

        cast(rank() over (
            partition by reasoned.shop_day order by reasoned.risk_score desc
        ) as bigint) as risk_rank,
        reasoned.review_rank,
        reasoned.risk_score,
        reasoned.probability,
        reasoned.amount,
        {{ prefixed('reasoned', [
            'amount_at_stake', 'expected_loss', 'cost_of_blocking', 'saved_by_review', 'log_odds', 'base_log_odds',
            'contribution_1', 'contribution_2', 'contribution_3', 'other_contribution'
        ]) | join(',\n        ') }},

        reasoned.is_fraud,

        reasoned.attempted_at,
        reasoned.shop_day as attempted_on,
        reasoned.labelled_at,
        reasoned.closed_at,

        '{{ threshold_version() }}' as threshold_version,
        reasoned.model_id,
        reasoned.model_run_id
    from reasoned
    left join keys on reasoned.visitor_no = keys.identity_no
    left join rings
        on reasoned.customer_no = rings.customer_no
        and reasoned.shop_day >= rings.from_day
        and (rings.until_day is null or reasoned.shop_day < rings.until_day)

)

select * from final
