{{ config(tags=['risk']) }}

-- Whom to look at, a row for each day and customer (or device, or attempt of nobody known) with an attempt to review or
-- to block: first those who are expected to cost most. Status and first warning are of what is known by now.
with

risks as (

    select
        *,
        coalesce(visitor_key, attempt_id) as party
    from {{ ref('transaction_risk') }}
    where decision <> 'allow'

),

{{ unmet_labels() }},

-- In a shop to which nobody reports fraud, time says nothing of honesty: its alerts stay open until somebody decides.
-- So do those on nothing but payments that failed. What banks report counts, even where a reviewer said so before.
labelled as (

    select (select count(*) from labels) > (select count(*) from unmet_labels) as has_labels

),

placed as (

    select
        *,
        row_number() over (
            partition by attempted_on, party
            order by coalesce(expected_loss, 0e0) desc, risk_score desc, attempt_id asc
        ) as place,
        row_number() over (
            partition by attempted_on, party, first_attempt_id
            order by coalesce(expected_loss, 0e0) desc, risk_score desc, attempt_id asc
        ) as place_in_basket
    from risks

),

-- An alert shows its worst attempt. What several tries of one basket would cost is lost once.
alerts as (

    select
        attempted_on as alerted_on,
        party,
        max(visitor_key) as visitor_key,
        max(customer_key) as customer_key,
        max(ring_id) as ring_id,
        count(*) as attempt_count,
        count(distinct case when decision = 'block' then attempt_id end) as block_count,
        {%- for column in ['attempt_id', 'rule_hits', 'scored_by'] + risk_reason_columns() %}
        max(case when place = 1 then {{ column }} end) as {{ column }},
        {%- endfor %}
        max(risk_score) as risk_score,
        max(probability) as probability,
        sum(case when place_in_basket = 1 then amount_at_stake end) as amount_at_stake,
        sum(case when place_in_basket = 1 then expected_loss end) as expected_loss,
        count(case when is_fraud then 1 end) as fraud_count,
        count(case when not is_fraud then 1 end) as honest_count,
        count(closed_at) as closed_count,
        count(case when outcome <> 'error' or is_fraud is not null then 1 end) as closing_count,
        min(case when is_fraud then labelled_at end) as found_fraud_at,
        max(case when not is_fraud then labelled_at end) as found_honest_at,
        max(closed_at) as closed_at,
        max(case when is_fraud then label_source end) as fraud_source,
        max(case when not is_fraud then label_source end) as honest_source,
        max(threshold_version) as threshold_version,
        max(model_run_id) as model_run_id
    from placed
    group by attempted_on, party

),

closable as (

    select
        alerts.*,
        alerts.closed_count > 0 and alerts.closed_count = alerts.closing_count and labelled.has_labels as is_closed
    from alerts
    cross join labelled

),

judged as (

    select
        *,
        case
            when fraud_count > 0 then 'fraud'
            when honest_count = attempt_count then 'honest'
            when is_closed then 'presumed_honest'
            else 'open'
        end as status,
        min(alerted_on) over (partition by party) as first_of_visitor,
        case when ring_id is not null then min(alerted_on) over (partition by ring_id) end as first_of_ring
    from closable

),

final as (

    select
        {{ dbt.hash("cast(alerted_on as " ~ dbt.type_string() ~ ") || ' ' || party") }} as alert_id,
        visitor_key,
        customer_key,
        attempt_id,
        ring_id,

        case when block_count > 0 then 'block' else 'review' end as decision,
        status,
        case status
            when 'fraud' then fraud_source when 'honest' then honest_source when 'presumed_honest' then 'time'
        end as status_source,
        {{ risk_reason_columns() | join(',\n        ') }},
        rule_hits,
        scored_by,

        cast(row_number() over (
            partition by alerted_on
            order by coalesce(expected_loss, 0e0) desc, risk_score desc, party asc
        ) as bigint) as alert_rank,
        attempt_count,
        risk_score,
        probability,
        amount_at_stake,
        expected_loss,
        {{ days_between(at_most('first_of_visitor', 'first_of_ring'), 'alerted_on') }} as days_since_first_warning,

        alerted_on = max(alerted_on) over () as is_newest_day,
        is_closed,

        alerted_on,
        {{ at_most('first_of_visitor', 'first_of_ring') }} as first_warned_on,
        case status
            when 'fraud' then found_fraud_at when 'honest' then found_honest_at when 'presumed_honest' then closed_at
        end as decided_at,

        threshold_version,
        model_run_id
    from judged

)

select * from final
