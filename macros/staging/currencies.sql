{#- The currency of a row of events: that of its column, else the one that is written with its money. -#}
{% macro custom_currency(clean) -%}
    {%- set found = ['upper(' ~ text_value(clean.currency) ~ ')'] -%}
    {%- for column in custom_money_texts(clean) -%}
        {%- do found.append(currency_in_text(text_value(column))) -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ found | join(', ') ~ ')' if found | length > 1 else found[0] }}
{%- endmacro %}


{#- The columns of money of a row of events that are text, as a list; what order files say of the whole order comes last. -#}
{% macro custom_money_texts(clean) %}
    {% set texts = [] %}
    {% for name in ['amount', 'unit_price', 'order_amount'] if clean.get(name) is not none and clean.get(name).format %}
        {% do texts.append(clean[name]) %}
    {% endfor %}
    {% do return(texts) %}
{% endmacro %}


{#- The currency that stands in a text next to a number: a code of ISO 4217, or the sign of the euro; null where there
    is none, or a sign that several currencies share. -#}
{% macro currency_in_text(text) -%}
    case
            when {{ matches(text, '^[^A-Za-z]*(' ~ currency_codes() | join('|') ~ ')[^A-Za-z]*$') }}
                and {{ matches(text, '[0-9]') }}
                then {{ without_all(text, '[^A-Z]') }}
            when {{ text }} like {{ sql_text('%\u20ac%') }} then 'EUR'
        end
{%- endmacro %}


{#- Notes on the currency of a row of events: its money has a sign that does not say which one, or names another one than
    the column. -#}
{% macro custom_currency_notes(clean) %}
    {% set texts = [] %}
    {% set signs = [] %}
    {% set others = [] %}
    {% for column in custom_money_texts(clean) %}
        {% set text = text_value(column) %}
        {% do texts.append(text) %}
        {% do signs.append(
            number_value(column) ~ ' is not null and ' ~ matches(text, '\\p{Sc}|[A-Za-z]{2}|z\u0142|K\u010d')
        ) %}
        {% do others.append('upper(' ~ text_value(clean.currency) ~ ') <> ' ~ currency_in_text(text)) %}
    {% endfor %}
    {% if not texts %}
        {% do return([]) %}
    {% endif %}
    {% do return([
        {
            'column': 'currency', 'example': none,
            'reason': "'none, and the money has a sign that several currencies share'",
            'when': '(' ~ custom_currency(clean) ~ ' is null and (' ~ signs | join(' or ') ~ '))'
        },
        {
            'column': 'currency', 'example': none,
            'reason': "'the money names another currency than this column, which counts'",
            'when': '(' ~ others | join(' or ') ~ ')'
        }
    ]) %}
{% endmacro %}
