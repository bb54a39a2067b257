{#- The stages on the way to an order, in their order. After-sales is no step towards a purchase. -#}
{% macro funnel_stages() %}
    {% do return(['browse', 'cart', 'checkout', 'purchase']) %}
{% endmacro %}
