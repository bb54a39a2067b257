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


{#- Where a visit came from according to a Segment message: its campaign, the id of a click in the address of its page, or
    the page that led there, if it is of another site. Messages of servers and apps have no page, and say nothing. -#}
{% macro segment_traffic(message, clean) -%}
    {%- set page = message ~ '.context.page.url' -%}
    {%- set outside = "nullif(parsed.led_from, coalesce(parsed.host, ''))" -%}
    {{ traffic_columns(
        {
            'source': text_value(clean.traffic_source), 'medium': text_value(clean.channel),
            'campaign': text_value(clean.campaign)
        },
        page,
        {'source': outside, 'medium': "'referral'"},
        'case when ' ~ page ~ " is not null then '(direct)' end",
        'case when ' ~ page ~ " is not null then '(none)' end"
    ) }}
{%- endmacro %}


{#- Which arm of which experiment a Segment message shows, by id where it has one and by name else. -#}
{% macro segment_exposure(properties) -%}
    coalesce({{ properties }}.experiment_id, {{ properties }}.experiment_name) as experiment_id,
        coalesce({{ properties }}.variation_id, {{ properties }}.variation_name) as variant_id
{%- endmacro %}
