{#- The branches of a case that give the state of a customer who has ordered, by order days; see docs/customers.md. -#}
{% macro state_of_orders(order_day_count, recency_days, last_gap_days) -%}
when {{ recency_days }} > {{ var('lifecycle_lapsed_days') }} then 'lapsed'
when {{ recency_days }} > {{ var('lifecycle_at_risk_days') }} then 'at_risk'
when {{ last_gap_days }} > {{ var('lifecycle_lapsed_days') }} then 'won_back'
when {{ order_day_count }} >= {{ var('lifecycle_loyal_orders') }} then 'loyalty'
when {{ order_day_count }} >= {{ var('lifecycle_retained_order_days') }} then 'retention'
else 'conversion'
{%- endmacro %}
