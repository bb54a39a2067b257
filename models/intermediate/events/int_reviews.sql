-- What customers wrote about items, under public keys.
{%- set sources_with_reviews = ['storefront', 'custom'] %}
with

reviews as (
    {% if enabled_sources() | select('in', sources_with_reviews) | list -%}
    {{ union_sources('reviews', only=sources_with_reviews) }}
    {%- else -%}
    {{ empty_reviews() }}
    {%- endif %}
),

keyed as (

    select
        *,
        {{ hmac_sha256("source || ':customer:' || customer_id") }} as customer_key
    from reviews

),

final as (

    select
        source,
        review_id,
        customer_key,
        {{ key_number('customer_key') }} as customer_no,
        item_id,
        order_id,

        title,
        body,

        rating,

        reviewed_at
    from keyed

)

select * from final
