{#- What the data of a shop hold, of what scores and rules look at. -#}

{#- The counts, each the same in all rows of `risk_rules`. -#}
{% macro shop_count_columns() %}
    {% do return([
        'shop_attempt_count', 'shop_fraud_count', 'shop_card_count', 'shop_device_count', 'shop_address_count',
        'shop_ip_count', 'shop_terminal_count', 'shop_country_count', 'shop_unmet_label_count',
        'shop_unmet_verdict_count'
    ]) %}
{% endmacro %}


{#- CTEs, `known` the last of them, with the counts in one row: attempts by what they carry, and labels that meet none. -#}
{% macro known_of_shop(attempts) -%}
{{ unmet_labels() }},

verdicts as (

    select * from {{ ref('int_risk_verdicts') }}

),

judged_days as (

    select
        visitor_no,
        shop_day,
        min(known_at) as first_known_at
    from {{ attempts }}
    where visitor_no in (select verdicts.visitor_no from verdicts)
    group by visitor_no, shop_day

),

unmet_verdicts as (

    select verdicts.decided_at
    from verdicts
    left join {{ attempts }} on verdicts.attempt_id = {{ attempts }}.attempt_id
    left join judged_days
        on verdicts.visitor_no = judged_days.visitor_no
        and verdicts.shop_day = judged_days.shop_day
        and verdicts.decided_at >= judged_days.first_known_at
    where {{ attempts }}.attempt_id is null
        and judged_days.visitor_no is null

),

carried as (

    select
        count(*) as shop_attempt_count,
        count(case when is_fraud then 1 end) as shop_fraud_count,
        count(card_token) as shop_card_count,
        count(device_no) as shop_device_count,
        count(address_token) as shop_address_count,
        count(ip_token) as shop_ip_count,
        count(terminal_token) as shop_terminal_count,
        count(case when card_country is not null and country is not null then 1 end) as shop_country_count
    from {{ attempts }}

),

known as (

    select
        carried.*,
        (select count(*) from unmet_labels) as shop_unmet_label_count,
        (select count(*) from unmet_verdicts) as shop_unmet_verdict_count
    from carried

)
{%- endmacro %}
