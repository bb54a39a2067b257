{{ config(group='scoring', tags=['risk']) }}

-- Today's rings, a row for each member: what they share, their money, and who is suspected. To be in one is no fraud:
-- households, flats and neighbours share as well. What tells them apart is in docs/risk.md#who-is-suspected.
with

memberships as (

    select
        *,
        min(from_day) over (partition by customer_no, ring_no) as joined_on
    from {{ ref('int_risk_rings') }}

),

members as (

    select * from memberships
    where until_day is null

),

links as (

    select * from {{ ref('int_risk_links') }}
    where customer_count between 2 and {{ var('risk_max_shared') }}

),

attempts as (

    select * from {{ ref('int_payment_attempts') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

numbered as (

    select
        members.customer_no,
        links.kind,
        links.kind || ' ' || dense_rank() over (partition by members.ring_no, links.kind order by links.entity_key)
            as shared_entity
    from members
    inner join links on members.customer_no = links.customer_no

),

shared_by_member as (

    select
        customer_no,
        {{ joined_texts('shared_entity') }} as shared_entities,
        {{ any_of("kind in ('card', 'device')") }} as is_sharing_means
    from numbered
    group by customer_no

),

sums as (

    select
        members.customer_no,
        members.ring_no,
        count(attempts.attempt_id) as attempt_count,
        count(case when attempts.outcome = 'error' then 1 end) as refused_count,
        count(case when attempts.is_fraud then 1 end) as fraud_count,
        sum(attempts.amount) as amount,
        sum(case when attempts.outcome = 'error' then attempts.amount end) as refused_amount,
        sum(case when attempts.is_fraud then attempts.amount end) as fraud_amount,
        max(attempts.attempted_at) as last_attempted_at,
        {{ seconds_between('min(attempts.registered_at)', 'max(attempts.attempted_at)') }} / 86400e0 as account_days
    from members
    left join attempts on members.customer_no = attempts.customer_no
    group by members.customer_no, members.ring_no

),

of_ring as (

    select
        ring_no,
        count(*) as customer_count,
        count(case when fraud_count > 0 then 1 end) as fraudster_count,
        count(case when account_days < 60 then 1 end) as newcomer_count,
        sum(fraud_count) / nullif(cast(sum(attempt_count - refused_count) as double), 0e0) as fraud_share,
        sum(refused_count) / nullif(cast(sum(attempt_count) as double), 0e0) as refused_share
    from sums
    group by ring_no

),

signs as (

    select
        sums.*,
        of_ring.customer_count >= 3
        and of_ring.fraudster_count >= 2
        and (of_ring.fraudster_count >= 3 or coalesce(of_ring.fraud_share >= 0.25e0, true)) as has_fraud_in_ring,
        of_ring.customer_count >= 3
        and of_ring.newcomer_count >= 3
        and coalesce(of_ring.refused_share >= 0.2e0, false) as has_refusals_in_ring,
        coalesce(sums.account_days < 90, true) as is_new
    from sums
    inner join of_ring on sums.ring_no = of_ring.ring_no

),

final as (

    select
        cast(members.ring_no as string) as ring_id,
        keys.identity_key as customer_key,
        shared_by_member.shared_entities,
        {{ names_where({
            'fraud_in_ring': 'signs.has_fraud_in_ring',
            'refusals_in_ring': 'signs.has_refusals_in_ring',
            'own_fraud': 'signs.fraud_count > 0',
            'own_refusals': 'signs.refused_count >= 2',
            'shared_card_or_device': 'shared_by_member.is_sharing_means',
            'new_account': 'signs.is_new'
        }) }} as signs,

        members.member_count,
        signs.attempt_count, signs.refused_count, signs.fraud_count,
        signs.amount,
        signs.refused_amount,
        signs.fraud_amount,

        (signs.has_fraud_in_ring or signs.has_refusals_in_ring)
        and signs.is_new
        and (signs.fraud_count > 0 or signs.refused_count >= 2 or coalesce(shared_by_member.is_sharing_means, false))
            as is_suspected,

        members.first_seen_day as first_seen_on,
        members.joined_on,
        signs.last_attempted_at
    from members
    inner join signs on members.customer_no = signs.customer_no
    inner join keys on members.customer_no = keys.identity_no
    left join shared_by_member on members.customer_no = shared_by_member.customer_no

)

select * from final
