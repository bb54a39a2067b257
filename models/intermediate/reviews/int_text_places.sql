{{ config(materialized='view') }}

-- Texts with words by what they are about: each once for the whole shop, and where that is known for its category,
-- brand and item. Days are those of the shop.
{%- set places = {'all': "'all'", 'category': 'category', 'brand': 'brand', 'item': 'item_id'} %}
with

texts as (

    select * from {{ ref('int_texts') }}
    where has_words

),

items as (

    select * from {{ ref('int_items') }}

),

dated as (

    select
        texts.text_id,
        texts.source,
        texts.customer_no,
        texts.item_id,
        items.category,
        items.brand,
        texts.rating,
        {{ shop_day_of('texts.written_at') }} as written_on
    from texts
    left join items
        on texts.source = items.source
        and texts.item_id = items.item_id

),

final as (

    {%- for scope, value in places.items() %}
    {{ 'union all' if not loop.first }}
    select
        source,
        '{{ scope }}' as scope,
        {{ value }} as scope_value,
        text_id,
        customer_no,

        rating,

        written_on,
        {{ month_start('written_on') }} as period_month
    from dated
    {%- if scope != 'all' %}
    where {{ value }} is not null
    {%- endif %}
    {%- endfor %}

)

select * from final
