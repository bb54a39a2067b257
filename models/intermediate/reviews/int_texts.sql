-- All that customers have written, one row a text: reviews, messages to the shop, reasons of refunds and answers to
-- surveys. A review without words is there for its rating; an event without words and without a rating is no text.
{%- set most_characters = 20000 %}
{%- set kinds = {'support': 'message', 'refund': 'refund_reason', 'survey': 'survey'} %}
with

reviews as (

    select * from {{ ref('int_reviews') }}

),

events as (

    select * from {{ ref('int_stitched_events') }}
    where event_type in ({{ quoted_texts(kinds) | join(', ') }})

),

read_events as (

    select
        *,
        case event_type
            {%- for event_type, kind in kinds.items() %}
            when '{{ event_type }}' then '{{ kind }}'
            {%- endfor %}
        end as text_kind,
        case
            when message_text is not null then message_text
            when event_type = 'refund' then {{ json_text('properties', '$.reason') }}
        end as written,
        case
            when event_type = 'survey'
                then coalesce(
                        try_cast({{ json_text('properties', '$.rating') }} as double),
                        try_cast({{ json_text('properties', '$.csat') }} as double)
                    )
        end as stars
    from events

),

stacked as (

    select
        review_id as text_id,
        source,
        'review' as text_kind,
        customer_no,
        item_id,
        order_id,
        title,
        body,
        cast(null as string) as channel,
        rating,
        reviewed_at as written_at
    from reviews
    union all
    select
        event_id as text_id,
        source,
        text_kind,
        customer_no,
        item_id,
        order_id,
        cast(null as string) as title,
        written as body,
        channel,
        case when stars between 1e0 and 5e0 then stars end as rating,
        event_at as written_at
    from read_events
    where written is not null
        or stars is not null

),

-- What follows so many characters says the same again, or is no text.
shortened as (

    select
        *,
        left(title, {{ most_characters }}) as title_read,
        left(body, {{ most_characters }}) as body_read,
        concat_ws(' ', left(title, {{ most_characters }}), left(body, {{ most_characters }})) as words
    from stacked

),

{{ letter_ctes('shortened', 'words') }},

final as (

    select
        text_id,
        source,
        text_kind,
        customer_no,
        item_id,
        order_id,

        title_read as title,
        body_read as body,
        {{ language_by_letters() }} as language,
        channel,
        {{ stable_digest(['title_read', 'body_read']) }} as text_digest,

        rating,

        letter_count > 0 as has_words,
        coalesce(length(title) > {{ most_characters }}, false) or coalesce(length(body) > {{ most_characters }}, false)
            as is_cut,

        written_at
    from counted_letters

)

select * from final
