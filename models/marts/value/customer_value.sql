-- What a customer is expected to spend within the horizon, how sure that is, and the tier they fall into. A horizon
-- that does not pass its gates has no rows; one whose tiers do not pass theirs has no tiers.
{%- set tiers = ['tier_vip_probability', 'tier_regular_probability', 'tier_potential_probability'] %}
with

scored as (

    select
        *,
        {{ is_shown('tier') }} as has_tiers
    from {{ ref('scored_value') }} as scored
    where {{ is_shown('value') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

reasons as (

    select
        customer_key,
        horizon_days,
        {{- placed_reasons('value', "score = 'value'") }},
        {{- placed_reasons('tier', "score = 'tier'") }}
    from {{ ref('score_attributions') }}
    where score in ('value', 'tier')
        and idea_rank <= 3
    group by
        customer_key,
        horizon_days

),

final as (

    select
        customers.customer_key,

        case when scored.has_tiers then scored.tier end as tier,
        {{ prefixed('reasons', reason_columns('value') + reason_columns('tier')) | join(', ') }},

        cast(scored.horizon_days as integer) as horizon_days,
        scored.predicted_amount,
        scored.lower_amount,
        scored.upper_amount,
        scored.predicted_orders,
        scored.predicted_amount / nullif(scored.predicted_orders, 0) as predicted_order_amount,
        scored.purchase_probability,
        {%- for tier in tiers %}
        case when scored.has_tiers then scored.{{ tier }} end as {{ tier }},
        {%- endfor %}

        scored.cutoff_date as as_of_date,

        scored.run_id as model_run_id
    from scored
    inner join customers on scored.customer_no = customers.customer_no
    left join reasons
        on customers.customer_key = reasons.customer_key
        and scored.horizon_days = reasons.horizon_days

)

select * from final
