{#- CTE `labels`: chargebacks, their reversals, and labels of the user's own files. -#}
{% macro risk_labels() -%}
labels as (

    select
        event_id,
        order_id,
        labelled_event_id,
        customer_no,
        event_type = 'chargeback' as is_fraud,
        event_at,
        received_at,
        loaded_at,
        case when {{ own_event_name('properties', 'event_type') }} = 'is_fraud' then 'file' else 'chargeback' end
            as label_source
    from {{ ref('int_accepted_events') }}
    where event_type in {{ label_event_types() }}

)
{%- endmacro %}


{#- CTE `<attempts>_verdicts`: what reviewers decided of attempts of a CTE. -#}
{% macro verdicts_of(attempts) -%}
-- What reviewers decided, of an attempt itself or of all attempts of a visitor's day.
{{ attempts }}_verdicts as (

    select
        attempts.attempt_id,
        verdicts.is_fraud,
        verdicts.decided_at,
        attempts.known_at,
        true as is_own
    from {{ ref('int_risk_verdicts') }} as verdicts
    inner join {{ attempts }} as attempts on verdicts.attempt_id = attempts.attempt_id

    union all

    select
        attempts.attempt_id,
        verdicts.is_fraud,
        verdicts.decided_at,
        attempts.known_at,
        false as is_own
    from {{ ref('int_risk_verdicts') }} as verdicts
    inner join {{ attempts }} as attempts
        on verdicts.visitor_no = coalesce(attempts.customer_no, attempts.device_no)
        and verdicts.shop_day = attempts.shop_day
        -- Nobody has judged what was not known yet when it was decided.
        and attempts.known_at <= verdicts.decided_at
    where verdicts.attempt_id is null

)
{%- endmacro %}


{#- CTE `<attempts>_digests`: what reviewers decided of each attempt of a CTE that has its verdicts, as one text. -#}
{% macro judged_digests(attempts) -%}
    {%- set text = "case when is_fraud then 'fraud ' else 'honest ' end || case when is_own then '' else 'day ' end || cast("
        ~ microseconds_of('decided_at') ~ ' as ' ~ dbt.type_string() ~ ')' -%}
{{ attempts }}_digests as (

    select
        attempt_id,
        {{ joined_texts(text) }} as verdicts
    from {{ attempts }}_verdicts
    group by attempt_id

)
{%- endmacro %}


{#- A digest of all that labels an attempt and is in no log of arrivals, of a row of these, which may be missing. -#}
{% macro judged_digest(digests) -%}
    {{ row_digest([var('risk_label_delay_days'), digests ~ '.verdicts']) }}
{%- endmacro %}


{#- CTE `fraud_labels`: what was said of each attempt of a CTE `attempts`, and when that was known. A label names the
    event of the attempt, the error that came of it or a line of its order; else the order, whose last attempt before it
    counts. Reads CTE `labels`. One that is not dated later than the attempt has no time of its own: nobody knew it then. -#}
{% macro fraud_labels(attempts) -%}
of_one_order as (

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        attempts.attempted_at,
        case when labels.customer_no = attempts.named_customer_no then 0 else 1 end as is_of_another,
        case when attempts.outcome = 'order' then 0 else 1 end as is_unpaid,
        case when attempts.attempted_at <= labels.event_at then 0 else 1 end as is_later,
        abs({{ seconds_between('attempts.attempted_at', 'labels.event_at') }}) as distance
    from labels
    inner join {{ attempts }} as attempts on labels.order_id = attempts.order_number

),

named as (

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        attempts.attempted_at,
        1 as place
    from labels
    inner join {{ attempts }} as attempts on labels.labelled_event_id = attempts.attempt_id

    union all

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        attempts.attempted_at,
        2 as place
    from labels
    inner join acts on labels.labelled_event_id = acts.event_id
    inner join {{ attempts }} as attempts on acts.order_key = attempts.led_to

    union all

    select
        labels.event_id as label_id,
        attempts.attempt_id,
        attempts.attempted_at,
        2 as place
    from labels
    inner join {{ attempts }} as attempts on labels.labelled_event_id = attempts.followed_by

    union all

    select
        label_id,
        attempt_id,
        attempted_at,
        row_number() over (
            partition by label_id
            order by is_of_another, is_unpaid, is_later, distance, attempt_id
        ) + 2 as place
    from of_one_order

),

placed as (

    select
        *,
        row_number() over (partition by label_id order by place, attempted_at desc, attempt_id) as choice_no
    from named

),

{{ verdicts_of(attempts) }},

own_verdicts as (

    select
        *,
        min(case when is_own then decided_at end) over (partition by attempt_id) as first_own_at
    from {{ attempts }}_verdicts

),

dated as (

    select
        attempt_id,
        is_fraud,
        'verdict' as label_source,
        {{ at_least('decided_at', 'known_at') }} as labelled_at
    from own_verdicts
    -- Once an attempt is judged by itself, what is decided of its day says no more of it.
    where is_own or first_own_at is null or decided_at < first_own_at

    union all

    select
        placed.attempt_id,
        labels.is_fraud,
        labels.label_source,
        case
            when labels.event_at > attempts.attempted_at then {{ at_least('labels.event_at', 'labels.received_at') }}
            else {{ at_least(
                minutes_from('attempts.attempted_at', var('risk_label_delay_days') * 1440), 'labels.received_at'
            ) }}
        end as labelled_at
    from placed
    inner join labels on placed.label_id = labels.event_id
    inner join {{ attempts }} as attempts on placed.attempt_id = attempts.attempt_id
    where placed.choice_no = 1

),

last_words as (

    select
        *,
        min(case when is_fraud then labelled_at end) over (partition by attempt_id) as fraud_known_at,
        max(case when is_fraud then labelled_at end) over (partition by attempt_id) as last_fraud_at,
        max(case when not is_fraud then labelled_at end) over (partition by attempt_id) as last_honest_at
    from dated

),

-- What is said today: since the last label that said otherwise. Of one moment, fraud counts.
standing_words as (

    select
        *,
        case
            when is_fraud then coalesce(labelled_at >= last_honest_at, true)
            else coalesce(labelled_at > last_fraud_at, true)
        end as is_standing
    from last_words

),

standing_dates as (

    select
        *,
        min(case when is_standing then labelled_at end) over (partition by attempt_id) as standing_from
    from standing_words

),

-- What comes later changes nothing of what was known before: the first label of fraud counts until the first one that
-- takes it back. An attempt that is called fraud once more after that, and is to this day, is fraud again from then on.
fraud_labels as (

    select
        attempt_id,
        max(case when is_standing and is_fraud then 1 else 0 end) = 1 as is_fraud,
        min(standing_from) as labelled_at,
        min(case when is_standing and labelled_at = standing_from then label_source end) as label_source,
        min(fraud_known_at) as fraud_known_at,
        min(case when not is_fraud and labelled_at > fraud_known_at then labelled_at end) as fraud_cleared_at,
        min(case when is_standing and is_fraud and last_honest_at > fraud_known_at then labelled_at end)
            as fraud_again_at
    from standing_dates
    group by attempt_id

)
{%- endmacro %}
