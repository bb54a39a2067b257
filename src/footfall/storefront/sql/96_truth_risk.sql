-- Who and what is fraud, and who only looks like it.

create table truth_storefront.truth_risk_customers as

with

attempts as (

    select
        person_no,
        count(*) as attempt_count
    from payments
    group by person_no

),

kinds as (

    select
        person_no,
        'ring' as kind,
        to_hex(ring_key(ring_no)) as group_id
    from people
    where kind = 'fraud'

    union all

    select
        person_no,
        case when member_count > 5 then 'flat' else 'household' end as kind,
        to_hex(home_key) as group_id
    from homes
    where member_count > 1

    union all

    select
        person_no,
        'stolen_account' as kind,
        to_hex(child(root('thief'), thief_no)) as group_id
    from thefts

    union all

    select
        person_no,
        'refund_abuse' as kind,
        null as group_id
    from people
    where abuses_refunds(kind, person_no)

    union all

    select
        person_no,
        'card_testing' as kind,
        null as group_id
    from people
    where kind = 'tester'

)

select
    customer_id(kinds.person_no) as customer_id,
    kinds.kind,
    kinds.group_id,
    coalesce(attempts.attempt_count, 0) as attempt_count
from kinds
inner join registrations on kinds.person_no = registrations.person_no
left outer join attempts on kinds.person_no = attempts.person_no
where registrations.registered_us < getvariable('end_us')
order by kinds.person_no, kinds.kind;

-- Attempts to pay that are fraud or look like it; all others are honest and were paid. Guests have no customer.
create table truth_storefront.truth_risk_attempts as

with

refunds as (

    select
        visit_no,
        count(*) as refund_count
    from after_sales
    where refunded_us is not null
    group by visit_no

),

judged as (

    select
        payments.*,
        case
            when payments.kind = 'fraud' then 'ring'
            when payments.kind = 'thief' then 'stolen_account'
            when payments.kind = 'tester' then 'card_testing'
            when payments.is_declined then 'false_decline'
            when payments.charged_back_us is not null then 'friendly_fraud'
            when refunds.refund_count > 0 and abuses_refunds(payments.kind, payments.person_no) then 'refund_abuse'
        end as risk_kind
    from payments
    left outer join refunds on payments.visit_no = refunds.visit_no

)

select
    event_id(visit_no * 4096 + place) as event_id,
    case when identified_us is not null then customer_id(person_no) end as customer_id,
    device_id(device_no) as device_id,
    case when not is_declined then order_id(visit_no) end as order_id,

    risk_kind as kind,
    amount_cents / 100.0 as amount,

    risk_kind not in ('false_decline', 'friendly_fraud') as is_fraud,
    is_declined,
    charged_back_us is not null as has_chargeback,

    make_timestamptz(at_us) as attempted_at,
    make_timestamptz(charged_back_us) as charged_back_at
from judged
where
    risk_kind is not null
    and at_us < getvariable('end_us')
order by visit_no, place;
