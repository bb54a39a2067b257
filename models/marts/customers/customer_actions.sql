-- What to do for each customer next. The first rule that fits decides; customers who do not want to be contacted are
-- shown something at their next visit, or left alone.
{%- set horizon = var('horizons_days') | max %}
{%- set slots = action_slots(horizon) %}{% set parts = action_parts() %}
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

effects as (

    {{ measured_effects() | indent(4) }}

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
        {{ allowed_action('wanted', 'actions') | indent(8) }} as next_best_action
    from wanted
    inner join actions on wanted.wanted_action = actions.next_best_action

),

-- Which sentences say why, in their order: consent, rule, item, effect, and the figures behind it.
keyed as (

    select
        allowed.*,
        effects.effect_experiment,
        effects.effect_metric,
        effects.incremental_effect,
        effects.target_rank,
        {{ action_keys() }}
    from allowed
    left join effects
        on allowed.customer_key = effects.target_key
        and allowed.next_best_action = effects.measured_action

),

found as (

    {{ with_texts('keyed', messages) | indent(4) }}

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
        nullif(reasoned.wanted_action, reasoned.next_best_action) as withheld_action,
        reasoned.action_reason,
        reasoned.reason_keys,
        reasoned.reason_values,
        reasoned.effect_experiment,
        reasoned.effect_metric,

        {{ action_value('reasoned') | indent(8) }} as action_expected_value,
        reasoned.incremental_effect,
        {{ action_rank('reasoned') | indent(8) }} as action_rank,

        actions.is_contact as is_contact_action,
        reasoned.is_contact_allowed,
        reasoned.has_marketing_consent,

        reasoned.as_of_date
    from reasoned
    inner join actions on reasoned.next_best_action = actions.next_best_action

)

select * from final
