{#- What to do for a customer next, consent left aside: the first rule that fits decides. -#}
{% macro wanted_action() -%}
    case
        when has_known_fraud then 'review_payments'
        when lifecycle_state = 'lapsed' and order_day_count > 0 then 'win_back'
        when lifecycle_state = 'at_risk' then 'rescue'
        when order_day_count > 0 and churn_probability >= {{ double_var('high_risk_probability') }} then 'rescue'
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
        when {{ reasoned }}.next_best_action in ('wait', 'review_payments') then 0
        when {{ reasoned }}.order_day_count = 0 then {{ reasoned }}.prospect_amount
        else {{ reasoned }}.predicted_amount
    end
{%- endmacro %}


{#- What is done in place of a contact that is not allowed. -#}
{% macro allowed_action(wanted, actions) -%}
    case
        when not {{ actions }}.is_contact or {{ wanted }}.is_contact_allowed then {{ wanted }}.wanted_action
        when {{ wanted }}.top_item is not null then 'recommend'
        else 'wait'
    end
{%- endmacro %}


{#- What an experiment with an action has shown that it adds, a row a customer and action. -#}
{% macro measured_effects() -%}
    select
        targets.customer_key as target_key,
        actions.next_best_action as measured_action,
        targets.experiment as effect_experiment,
        targets.metric as effect_metric,
        targets.incremental_effect,
        targets.target_rank
    from {{ ref('uplift_targets') }} as targets
    inner join {{ ref('next_best_actions') }} as actions on targets.experiment = actions.measured_by
{%- endmacro %}


{#- Whom to take first within an action: by what it adds where that was measured, else by what it is about. -#}
{% macro action_rank(reasoned) -%}
    cast(row_number() over (
        partition by {{ reasoned }}.next_best_action
        order by
            {{ reasoned }}.target_rank nulls last,
            {{ action_value(reasoned) | indent(12) }} desc nulls last,
            {{ reasoned }}.customer_key
    ) as integer)
{%- endmacro %}
