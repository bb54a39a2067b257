{#- Why a customer gets the next best action: which messages say so. Each macro gives the key of one sentence, null where
    there is none, and reads columns of the CTE that it is in. -#}

{#- Which contact is withheld for want of consent. -#}
{% macro consent_key() -%}
    case
        when next_best_action = wanted_action then null
        when has_marketing_consent = false then 'reason.refused'
        else 'reason.never_asked'
    end
{%- endmacro %}


{#- The rule that fitted. For customers who wait or are shown something anyway, it says why no other rule did. -#}
{% macro rule_key() -%}
    case
        when wanted_action = 'review_payments' then 'reason.review_payments'
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


{#- A number of days in the singular or the plural. -#}
{% macro days_key(message, days) -%}
    case when {{ days }} = 1 then '{{ message }}.one' when {{ days }} is not null then '{{ message }}.many' end
{%- endmacro %}


{#- The keys of all sentences and of what further messages are in them, as columns. -#}
{% macro action_keys() -%}
    {{ consent_key() | indent(4) }} as consent_key,
        {{ rule_key() | indent(4) }} as rule_key,
        {{ item_key() }} as item_key,
        case when incremental_effect is not null then 'reason.effect' end as effect_key,
        case when churn_probability is not null then 'reason.silence' end as silence_key,
        case when predicted_amount > 0 then 'reason.spend' end as spend_key,
        case when prospect_amount is not null then 'reason.prospects' end as prospects_key,
        case when next_best_action <> wanted_action then 'action.' || wanted_action end as withheld_key,
        {{ days_key('reason.days', 'recency_days') }} as days_key,
        {{ days_key('reason.order_days', 'order_day_count') }} as order_days_key
{%- endmacro %}


{#- What fills the slots of the sentences. -#}
{% macro action_slots(horizon_days) %}
    {% set recency = {'recency_days': 'cast(recency_days as string)'} %}
    {% set orders = {'order_days': 'cast(order_day_count as string)'} %}
    {% do return({
        '@withheld': {'keys': 'withheld_key', 'text': 'withheld_text'},
        '@days': {'keys': 'days_key', 'text': sentence('days_text', recency)},
        '@order_days': {'keys': 'order_days_key', 'text': sentence('order_days_text', orders)},
        'recency_days': recency['recency_days'], 'order_days': orders['order_days'],
        'item': 'top_item',
        'experiment': 'effect_experiment', 'metric': 'effect_metric',
        'effect': 'cast(cast(incremental_effect as decimal(18, 4)) as string)',
        'silence': 'cast(cast(round(100e0 * churn_probability) as integer) as string)',
        'spend': 'cast(cast(predicted_amount as decimal(18, 2)) as string)',
        'prospect_spend': 'cast(cast(prospect_amount as decimal(18, 2)) as string)',
        'horizon_days': sql_text(horizon_days), 'lapsed_days': sql_text(var('lifecycle_lapsed_days'))
    }) %}
{% endmacro %}


{#- The sentences in their order, with the slots that each may have. -#}
{% macro action_parts() %}
    {% do return({
        'consent': ['@withheld'], 'rule': ['@days', '@order_days', 'lapsed_days'], 'item': ['item'],
        'effect': ['experiment', 'metric', 'effect'],
        'silence': ['silence', 'horizon_days'], 'spend': ['spend'], 'prospects': ['prospect_spend', 'horizon_days']
    }) %}
{% endmacro %}


{#- The rows of a CTE with the texts of their messages. -#}
{% macro with_texts(keyed, messages) -%}
    select
        {{ keyed }}.*,
        {%- for part in messages %}
        {{ part }}_words.text as {{ part }}_text,
        {%- endfor %}
        withheld.text as withheld_text
    from {{ keyed }}
    left join words as withheld on {{ keyed }}.withheld_key = withheld.message_key
    {%- for part in messages %}
    left join words as {{ part }}_words on {{ keyed }}.{{ part }}_key = {{ part }}_words.message_key
    {%- endfor %}
{%- endmacro %}
