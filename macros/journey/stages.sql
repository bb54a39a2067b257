{#- The stages on the way to an order, in their order. After-sales is not a step towards a purchase. -#}
{% macro funnel_stages() %}
    {% do return(['browse', 'cart', 'checkout', 'purchase']) %}
{% endmacro %}


{#- Stages with the number that orders them. -#}
{% macro stage_orders(stages) -%}
select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage in ({{ quoted_texts(stages) | join(', ') }})
{%- endmacro %}
