{#- Why a customer gets the next best action, in words. Each macro is a part of the sentence and reads columns of the CTE
    that it stands in. -#}

{#- Which contact is withheld for want of consent; nothing where none is. -#}
{% macro consent_in_words() -%}
    case
        when next_best_action = wanted_action then ''
        when has_marketing_consent = false then 'No consent to be contacted, hence no ' || wanted_action || '. '
        else 'No consent on record, hence no ' || wanted_action || '. '
    end
{%- endmacro %}


{#- The rule that fitted. Who has to wait or is shown something anyway is told why no other rule did. -#}
{% macro rule_in_words() -%}
    case
        when wanted_action = 'win_back'
            then 'Lapsed: no order for ' || recency_days || ' day(s), after ' || order_day_count || ' order day(s).'
        when lifecycle_state = 'at_risk'
            then 'At risk: no order for ' || recency_days || ' day(s), after ' || order_day_count
                || ' order day(s).'
        when wanted_action = 'rescue'
            then 'Likely to be lost: last of ' || order_day_count || ' order day(s) was ' || recency_days
                || ' day(s) ago.'
        when wanted_action = 'second_order' then 'One order day so far, ' || recency_days || ' day(s) ago.'
        when wanted_action = 'nudge_basket' then 'No order yet, but put something in the cart within 30 days.'
        when wanted_action = 'reward'
            then 'Loyal: ' || order_day_count || ' order day(s), the last ' || recency_days || ' day(s) ago.'
        when lifecycle_state is null then 'Listed, but never seen.'
        when order_day_count > 0
            then 'No need to write: last of ' || order_day_count || ' order day(s) was ' || recency_days
                || ' day(s) ago.'
        when lifecycle_state = 'lapsed'
            then 'Nothing to write about: no order yet, and no visit within '
                || {{ var('lifecycle_lapsed_days') }} || ' days.'
        else 'Nothing to write about: no order yet, and nothing put in the cart within 30 days.'
    end
{%- endmacro %}


{#- The item to be shown, where one is. -#}
{% macro item_in_words() -%}
    case
        when next_best_action = 'recommend' then ' To be shown next: ' || top_item || '.'
        when next_best_action = 'wait' then ' There is no item to recommend.'
        else ''
    end
{%- endmacro %}


{#- The figures behind it: churn probability, expected spend, and what earlier customers in this place spent. -#}
{% macro expectations_in_words(horizon_days) -%}
    coalesce(
        ' ' || cast(round(100e0 * churn_probability) as integer) || ' % likely to buy nothing within '
        || {{ horizon_days }} || ' days.', ''
    )
    || case
        when predicted_amount > 0
            then ' Expected to spend ' || cast(cast(predicted_amount as decimal(18, 2)) as varchar) || '.'
        else ''
    end
    || coalesce(
        ' Earlier customers in this place spent ' || cast(cast(prospect_amount as decimal(18, 2)) as varchar)
        || ' on average within ' || {{ horizon_days }} || ' days.', ''
    )
{%- endmacro %}
