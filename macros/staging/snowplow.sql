{#- The entities of one kind that came with a Snowplow event, as a list; of the e-commerce schemas unless another
    vendor is named. -#}
{% macro snowplow_entities(kind, vendor='snowplow.ecommerce') -%}
    {{ list_where(
        'described.entities', 'entity', 'entity.schema like ' ~ sql_text('%' ~ vendor ~ '/' ~ kind ~ '/%')
    ) }}
{%- endmacro %}


{#- The fields of a product entity that are used, as a shape for parsed_json. -#}
{% macro snowplow_product_shape() %}
    {% do return({
        'id': 'string', 'name': 'string', 'brand': 'string', 'category': 'string', 'currency': 'string',
        'price': 'string', 'list_price': 'string', 'quantity': 'string', 'inventory_status': 'string'
    }) %}
{% endmacro %}
