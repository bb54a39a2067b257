{#- The entities of one kind (of the e-commerce schemas) that came with a Snowplow event, as a list. -#}
{% macro snowplow_entities(kind) -%}
    list_filter(entities, lambda entity: entity.schema like '%snowplow.ecommerce/{{ kind }}/%')
{%- endmacro %}


{#- A product entity as a typed struct. -#}
{% macro snowplow_product(entity) -%}
    json_transform(
        {{ entity }},
        '{
            "id": "VARCHAR", "name": "VARCHAR", "brand": "VARCHAR", "category": "VARCHAR", "currency": "VARCHAR",
            "price": "DOUBLE", "list_price": "DOUBLE", "quantity": "DOUBLE", "inventory_status": "VARCHAR"
        }'
    )
{%- endmacro %}
