{#- What a list of Segment products costs together, before the discount of the order. -#}
{% macro segment_value_of(products) -%}
    {{ list_total(
        products, 'product', 'try_cast(product.price as double) * coalesce(try_cast(product.quantity as double), 1e0)'
    ) }}
{%- endmacro %}


{#- The id of a Segment product: its product_id, else its sku. -#}
{% macro segment_item_id(product) -%}
    coalesce(
            {{ id_value(text_column(product ~ '.product_id')) }},
            {{ id_value(text_column(product ~ '.sku')) }}
        )
{%- endmacro %}


{#- The fields of a Segment product that are used, as a shape for parsed_json. -#}
{% macro segment_product_shape() %}
    {% do return({
        'product_id': 'string', 'sku': 'string', 'name': 'string', 'brand': 'string', 'category': 'string',
        'price': 'string', 'quantity': 'string'
    }) %}
{% endmacro %}
