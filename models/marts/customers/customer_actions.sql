-- What to do for each customer next. The first rule that fits decides; customers who do not want to be contacted are
-- shown something at their next visit, or left alone.
{%- set horizon = var('horizons_days') | max %}
{%- set slots = action_slots(horizon) %}
{%- set parts = action_parts() %}
{%- set messages = parts.keys() | list + ['days', 'order_days'] %}{% set said = [] %}
{%- for part, own in parts.items() %}{% do said.append(sentence(part ~ '_text', some_slots(slots, own))) %}{% endfor %}
with

standings as (

    select * from {{ ref('int_customer_standings') }}

),

churn as (

    select * from {{ ref('churn_risk') }}
    where horizon_days = {{ horizon }}

),

worth as (

    select * from {{ ref('customer_value') }}
    where horizon_days = {{ horizon }}

),

recommended as (

    select * from {{ ref('recommendations') }}
    where recommendation_rank = 1

),

actions as (

    select * from {{ ref('next_best_actions') }}

),

words as (

    select * from {{ words() }}

),

scored as (

    select
        standings.*,
        churn.churn_probability,
        churn.value_at_risk,
        worth.predicted_amount,
        coalesce(recommended.item_name, recommended.item_id) as top_item,
        coalesce(standings.has_marketing_consent, {{ var('contact_when_consent_is_unknown') }}) as is_contact_allowed
    from standings
    left join churn on standings.customer_key = churn.customer_key
    left join worth on standings.customer_key = worth.customer_key
    left join recommended on standings.customer_key = recommended.customer_key

),

wanted as (

    select
        *,
        {{ wanted_action() | indent(8) }} as wanted_action
    from scored

),

allowed as (

    select
        wanted.*,
        case
            when not actions.is_contact or wanted.is_contact_allowed then wanted.wanted_action
            when wanted.top_item is not null then 'recommend'
            else 'wait'
        end as next_best_action
    from wanted
    inner join actions on wanted.wanted_action = actions.next_best_action

),

-- Which sentences say why, in their order: consent, rule, item, and the figures behind it.
keyed as (

    select
        *,
        {{ action_keys() }}
    from allowed

),

found as (

    select
        keyed.*,
        {%- for part in messages %}
        {{ part }}_words.text as {{ part }}_text,
        {%- endfor %}
        withheld.text as withheld_text
    from keyed
    left join words as withheld on keyed.withheld_key = withheld.message_key
    {%- for part in messages %}
    left join words as {{ part }}_words on keyed.{{ part }}_key = {{ part }}_words.message_key
    {%- endfor %}

),

reasoned as (

    select
        *,
        {{ joined_sentences(said) }} as action_reason,
        concat_ws(' ', {{ parts | join('_key, ') }}_key) as reason_keys,
        {{ slot_values(slots) }} as reason_values
    from found

),

final as (

    select
        reasoned.customer_key,

        reasoned.next_best_action,
        case
            when reasoned.next_best_action <> reasoned.wanted_action then reasoned.wanted_action
        end as withheld_action,
        reasoned.action_reason,
        reasoned.reason_keys,
        reasoned.reason_values,

        {{ action_value('reasoned') | indent(8) }} as action_expected_value,

        actions.is_contact as is_contact_action,
        reasoned.is_contact_allowed,
        reasoned.has_marketing_consent,

        reasoned.as_of_date
    from reasoned
    inner join actions on reasoned.next_best_action = actions.next_best_action

)

select * from final
