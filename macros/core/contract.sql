{#- Columns of the contract that several models list one after the other. -#}

{#- Where a visit came from and on which page it began. -#}
{% macro visit_columns() %}
    {% do return(['traffic_source', 'traffic_medium', 'campaign', 'landing_page']) %}
{% endmacro %}


{#- The ids that payments carry, and the kind of key that is made of each when it leaves staging. A label carries that of
    the payment's own event, whose key is therefore that event's. -#}
{% macro token_kinds() %}
    {% do return({
        'card_token': 'card', 'address_token': 'address', 'ip_token': 'ip', 'terminal_token': 'terminal',
        'labelled_event_id': 'event'
    }) %}
{% endmacro %}


{#- What a payment says besides its amount. -#}
{% macro payment_columns() %}
    {% do return((token_kinds() | list) + ['card_country']) %}
{% endmacro %}


{#- The event types that only label a payment as fraud, or as honest after all. They are nobody's act: nothing but the
    models of risk reads them. -#}
{% macro label_event_types() -%}
    ('chargeback', 'chargeback_reversed')
{%- endmacro %}


{#- The event types that count although nobody is known: what is paid and given back, and what labels it. -#}
{% macro event_types_of_nobody() -%}
    ('purchase', 'refund', 'order_update', 'chargeback', 'chargeback_reversed')
{%- endmacro %}


{#- What a staged row says it is worth. Money of a dispute has either sign, as the books of its provider go. A refund at
    list prices does not say what was given back. -#}
{% macro stated_amount(alias) -%}
    {%- set amount = 'coalesce(' ~ alias ~ '.amount, case when ' ~ alias ~ '.listed_amount is null then ' ~ alias
        ~ '.quantity * ' ~ alias ~ '.unit_price end)' -%}
    case when {{ alias }}.event_type in {{ label_event_types() }} then abs({{ amount }}) else {{ amount }} end
{%- endmacro %}


{#- Text columns that a source does not have. -#}
{% macro no_texts(columns) -%}
    {%- for column in columns -%}
    cast(null as string) as {{ column }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- The id of the event that the lines of an order came with, of sources that send all lines of an order in one event. -#}
{% macro event_of_lines(event_type, event_id) -%}
    case when {{ event_type }} in {{ order_event_types() }} then {{ event_id }} end
{%- endmacro %}


{#- Sources that may send an order as its total and each of its items, in events of their own: the items count. -#}
{% macro sources_of_single_items() %}
    {% do return(['snowplow']) %}
{% endmacro %}


{#- What few catalogues say of an item: a description, a vector of its picture, a place. -#}
{% macro no_item_details() -%}
    cast(null as string) as description,
        cast(null as {{ vector_type() }}) as image_vector,
        cast(null as double) as latitude,
        cast(null as double) as longitude
{%- endmacro %}


{#- The sources of the run that deliver texts of messages; the others have null there, and nothing to mask. -#}
{% macro sources_with_messages() %}
    {% do return(enabled_sources() | select('in', ['storefront', 'custom']) | list) %}
{% endmacro %}
