{{ config(enabled=source_is_enabled('custom')) }}

-- Reviews that the user brings; none without a file of them.
{%- if var('custom_reviews_path') %}
{%- set input = custom_input(
    source('custom', 'reviews'),
    'reviews',
    ['customer_id', 'item_id', 'reviewed_at'],
    ['review_id', 'order_id', 'rating', 'title', 'body']
) %}
{%- set found = input.found %}
with

input_rows as (

    select * from {{ input.table }}

),

final as (

    select
        'custom' as source,
        coalesce({{ id_value(found.review_id) }}, {{ made_id('custom', {
            'customer_id': id_value(found.customer_id),
            'item_id': id_value(found.item_id),
            'order_id': id_value(found.order_id),
            'reviewed_at': microseconds_of(time_value(found.reviewed_at)),
            'rating': number_value(found.rating),
            'title': text_value(found.title),
            'body': text_value(found.body)
        }) }}) as review_id,
        {{ id_value(found.customer_id) }} as customer_id,
        {{ id_value(found.item_id) }} as item_id,
        {{ id_value(found.order_id) }} as order_id,
        {{ time_value(found.reviewed_at) }} as reviewed_at,
        {{ number_value(found.rating) }} as rating,
        {{ text_value(found.title) }} as title,
        {{ text_value(found.body) }} as body
    from input_rows

)
{%- else %}
with

final as (
    {{ empty_reviews() }}
)
{%- endif %}

select * from final
