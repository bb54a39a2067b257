{#- What to do for a customer next, consent left aside: the first rule that fits decides. -#}
{% macro wanted_action() -%}
    case
        when lifecycle_state = 'lapsed' and order_day_count > 0 then 'win_back'
        when lifecycle_state = 'at_risk' then 'rescue'
        when order_day_count > 0 and churn_probability >= {{ var('high_risk_probability') }} then 'rescue'
        when order_day_count = 1 then 'second_order'
        when lifecycle_state = 'activation' and has_basket then 'nudge_basket'
        when lifecycle_state = 'loyalty' then 'reward'
        when top_item is not null then 'recommend'
        else 'wait'
    end
{%- endmacro %}


{#- What an action is about: what is in danger where a customer is slipping away or has not made it a habit, as churn_risk
    gives it; what is expected anyway for the others. -#}
{% macro action_value(reasoned) -%}
    case
        when {{ reasoned }}.next_best_action in ('win_back', 'rescue', 'second_order') then {{ reasoned }}.value_at_risk
        when {{ reasoned }}.next_best_action = 'wait' then 0
        when {{ reasoned }}.order_day_count = 0 then {{ reasoned }}.prospect_amount
        else {{ reasoned }}.predicted_amount
    end
{%- endmacro %}
