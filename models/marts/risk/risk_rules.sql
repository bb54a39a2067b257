{{ config(tags=['risk']) }}

-- What each rule has found: its hits, how many of them turned out to be fraud, their money, and how far it says what
-- another rule says too. Precision is of closed attempts, which the time for labels is over of (var
-- `risk_label_delay_days`); of payments that failed only those with a label count, as nobody charges back the others.
-- Where the shop lacks labels, or what a rule looks at, `missing` says so.
with

rules as (

    select * from {{ ref('fraud_rules') }}

),

scored as (

    select * from {{ ref('scored_risk') }}

),

attempts as (

    select * from {{ ref('int_payment_attempts') }}

),

words as (

    select * from {{ words() }}

),

{{ known_of_shop('attempts') }},

-- Days that are over: an event may be dated years ahead.
clock as (

    select max(cutoff_date) as as_of_date from scored

),

-- Scores of recent attempts, and of older ones those that a rule was hit by.
hits as (

    select
        rules.rule,
        attempts.attempt_id,
        coalesce(cast(attempts.visitor_no as string), attempts.attempt_id) as party,
        attempts.amount,
        coalesce(attempts.is_fraud, false) as is_fraud,
        {{ risk_closed_at('attempts', 'clock.as_of_date') | indent(8) }} is not null as is_closed,
        ',' || scored.rule_hits || ',' as rule_hits
    from scored
    inner join rules on {{ dbt.position("',' || rules.rule || ','", "',' || scored.rule_hits || ','") }} > 0
    inner join attempts on scored.attempt_id = attempts.attempt_id
    cross join clock

),

counted as (

    select
        rule,
        count(*) as hit_count,
        count(distinct party) as visitor_count,
        count(case when is_closed then 1 end) as closed_hit_count,
        count(case when is_closed and is_fraud then 1 end) as fraud_count,
        sum(amount) as amount,
        sum(case when is_closed and is_fraud then amount end) as fraud_amount,
        count(case when rule_hits = ',' || rule || ',' then 1 end) as only_hit_count
    from hits
    group by rule

),

shared as (

    select
        hits.rule,
        others.rule as overlap_rule,
        count(*) as overlap_count,
        row_number() over (partition by hits.rule order by count(*) desc, others.rule asc) as place
    from hits
    inner join rules as others
        on hits.rule <> others.rule
        and {{ dbt.position("',' || others.rule || ','", 'hits.rule_hits') }} > 0
    group by hits.rule, others.rule

),

worded as (

    select
        rules.*,
        {{ rule_reason_key('rules', 'words') | indent(8) }} as reason_key,
        {{ own_rule_reason('rules') }} as own_reason
    from rules
    left join words on words.message_key = 'risk.rule.' || rules.rule

),

final as (

    select
        rules.rule,

        {{ sentence('reasons.text', {'reason': 'rules.own_reason'}) }} as reason,
        rules.reason_key,
        {{ slot_values({'reason': 'rules.own_reason'}) }} as reason_values,
        shared.overlap_rule,
        missing.text as missing,
        missing.message_key as missing_key,

        cast(rules.points as double) as points,
        {%- for column in ['hit_count', 'visitor_count', 'only_hit_count', 'closed_hit_count', 'fraud_count'] %}
        coalesce(counted.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {{ precision_of('counted', 'known') | indent(8) }},
        counted.amount,
        case when known.shop_fraud_count > 0 then coalesce(counted.fraud_amount, 0e0) end as fraud_amount,
        shared.overlap_count / cast(counted.hit_count as double) as overlap_share,
        {{ prefixed('known', shop_count_columns()) | join(',\n        ') }},

        coalesce(rules.is_active, true) as is_active
    from worded as rules
    cross join known
    left join counted on rules.rule = counted.rule
    left join words as reasons on rules.reason_key = reasons.message_key
    left join words as missing on {{ missing_of_rule('rules', 'known', 'counted') | indent(8) }} = missing.message_key
    left join shared
        on rules.rule = shared.rule
        and shared.place = 1

)

select * from final
