{#- Why a customer gets the next best action: which messages say so. Each macro gives the key of one sentence, null where
    there is none, and reads columns of the CTE that it stands in. -#}

{#- Which contact is withheld for want of consent. -#}
{% macro consent_key() -%}
    case
        when next_best_action = wanted_action then null
        when has_marketing_consent = false then 'reason.refused'
        else 'reason.never_asked'
    end
{%- endmacro %}


{#- The rule that fitted. Who has to wait or is shown something anyway is told why no other rule did. -#}
{% macro rule_key() -%}
    case
        when wanted_action = 'win_back' then 'reason.win_back'
        when lifecycle_state = 'at_risk' then 'reason.at_risk'
        when wanted_action = 'rescue' then 'reason.likely_lost'
        when wanted_action = 'second_order' then 'reason.second_order'
        when wanted_action = 'nudge_basket' then 'reason.nudge_basket'
        when wanted_action = 'reward' then 'reason.reward'
        when lifecycle_state is null then 'reason.never_seen'
        when order_day_count > 0 then 'reason.no_need'
        when lifecycle_state = 'lapsed' then 'reason.lapsed_visitor'
        else 'reason.no_basket'
    end
{%- endmacro %}


{#- The item to be shown, where one is. -#}
{% macro item_key() -%}
    case next_best_action when 'recommend' then 'reason.item' when 'wait' then 'reason.no_item' end
{%- endmacro %}
