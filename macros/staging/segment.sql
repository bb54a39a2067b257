{#- What a list of Segment products costs together, before the discount of the order. -#}
{% macro segment_value_of(products) -%}
    list_sum(list_transform({{ products }}, lambda product: product.price * coalesce(product.quantity, 1)))
{%- endmacro %}


{#- The fields of a Segment product that are used, as a structure for json_transform. -#}
{% macro segment_product_structure() -%}
'{
                "product_id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", "brand": "VARCHAR",
                "category": "VARCHAR", "price": "DOUBLE", "quantity": "DOUBLE"
            }'
{%- endmacro %}
