{#- What a list of Segment products costs together, before the discount of the order. -#}
{% macro segment_value_of(products) -%}
    {{ list_total(products, 'product', 'product.price * coalesce(product.quantity, 1)') }}
{%- endmacro %}


{#- The fields of a Segment product that are used, as a shape for parsed_json. -#}
{% macro segment_product_shape() %}
    {% do return({
        'product_id': 'string', 'sku': 'string', 'name': 'string', 'brand': 'string', 'category': 'string',
        'price': 'double', 'quantity': 'double'
    }) %}
{% endmacro %}
