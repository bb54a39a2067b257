{#- The entities of one kind (of the e-commerce schemas) that came with a Snowplow event, as a list. -#}
{% macro snowplow_entities(kind) -%}
    list_filter(described.entities, lambda entity: entity.schema like {{ sql_text('%snowplow.ecommerce/' ~ kind ~ '/%') }})
{%- endmacro %}


{#- The fields of a product entity that are used, as a structure for json_transform. -#}
{% macro snowplow_product_structure() -%}
'{
                "id": "VARCHAR", "name": "VARCHAR", "brand": "VARCHAR", "category": "VARCHAR",
                "currency": "VARCHAR", "price": "DOUBLE", "list_price": "DOUBLE", "quantity": "DOUBLE",
                "inventory_status": "VARCHAR"
            }'
{%- endmacro %}
