{{ config(enabled=source_is_enabled('custom')) }}

-- Reviews that the user brings; none without a file of them.
{%- if var('custom_reviews_path') or var('custom_reviews_relation') %}
{%- set input = custom_input(
    source('custom', 'reviews') if not var('custom_reviews_relation') else none,
    'reviews',
    ['customer_id', 'item_id', 'reviewed_at'],
    ['review_id', 'order_id', 'rating', 'title', 'body']
) %}
{%- set found = with_formats('custom.reviews', input.table, 'input_rows', input.found, ['reviewed_at'], ['rating']) %}
with

raw_rows as (

    select * from {{ input.table }}

),

input_rows as (

    select
        input_rows.*,
        {{ clean_texts(
            found, ids=['review_id', 'item_id', 'order_id'], owners=['customer_id']
        ) }}
    from raw_rows as input_rows

),

{% set clean = cleaned(found, 'input_rows', ['customer_id', 'item_id', 'order_id', 'review_id']) -%}
final as (

    select
        'custom' as source,
        coalesce({{ id_value(clean.review_id) }}, {{ made_id('custom', {
            'customer_id': owner_id_value(clean.customer_id),
            'item_id': id_value(clean.item_id),
            'order_id': id_value(clean.order_id),
            'reviewed_at': microseconds_of(time_value(clean.reviewed_at)),
            'rating': number_value(clean.rating),
            'title': text_value(clean.title),
            'body': text_value(clean.body)
        }) }}) as review_id,
        {{ owner_id_value(clean.customer_id) }} as customer_id,
        {{ id_value(clean.item_id) }} as item_id,
        {{ id_value(clean.order_id) }} as order_id,
        {{ time_value(clean.reviewed_at) }} as reviewed_at,
        {{ number_value(clean.rating) }} as rating,
        {{ text_value(clean.title) }} as title,
        {{ text_value(clean.body) }} as body,
        {{ value_notes(
            nothing_notes(clean, ['customer_id']) + clock_notes(clean)
            + lost_id_notes(clean, ['review_id', 'customer_id', 'item_id', 'order_id'])
            + lost_value_notes('reviewed_at', clean.reviewed_at, time_value(clean.reviewed_at), 'no time')
            + lost_value_notes('rating', clean.rating, number_value(clean.rating), 'no number', true)
        ) }} as value_notes
    from input_rows

)
{%- else %}
with

final as (
    {{ empty_reviews() }}
)
{%- endif %}

select * from final
