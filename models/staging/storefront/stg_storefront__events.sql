{{ config(enabled=source_is_enabled('storefront')) }}

-- The simulated shop speaks the contract already: nothing is converted, so that tens of millions of rows stay cheap.
with

events as (

    select * from {{ source('raw_storefront', 'events') }}

),

final as (

    select
        'storefront' as source,
        events.event_id,
        events.customer_id,
        events.device_id,

        events.event_at,
        coalesce(events.received_at, events.event_at, {{ moment('1970-01-01 00:00:00+00') }}) as received_at,
        cast(null as bigint) as sequence_no,

        events.event_type,
        events.item_id,
        events.order_id,

        events.quantity,
        events.unit_price,
        events.amount,
        cast(null as double) as listed_amount,

        events.currency,
        events.session_hint,
        events.channel,
        {{ no_texts(visit_columns()) }},
        events.device,
        events.country,
        {% for column in payment_columns() -%}
        {{ no_texts([column]) if column == 'labelled_event_id' else 'events.' ~ column }},
        {% endfor -%}
        {{ no_texts(['source_event_id']) }},
        events.message_text,
        events.properties,
        -- The row itself: it is made JSON where it is read, for the rows that end up rejected.
        {{ whole_row('events') }} as raw_row,
        cast(null as string) as rejection,
        cast(null as string) as value_notes
    from events

)

select * from final
