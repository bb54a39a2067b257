-- One row an item: what the catalogue says, and items that were only ever seen in events.
with

catalogue as (
    {{ union_sources('items') }}
),

accepted as (

    select * from {{ ref('int_accepted_events') }}
    where event_type not in {{ label_event_types() }}

),

seen as (

    select
        source,
        item_id,
        min(event_at) as first_seen_at
    from accepted
    where item_id is not null
    group by source, item_id

),

listed as (

    select
        *,
        -- The first listing counts; the digest settles ties, so that the order of the rows decides nothing.
        row_number() over (
            partition by source, item_id
            order by
                created_at nulls last,
                item_name nulls last,
                {{ stable_digest([
                    'category', 'subcategory', 'brand', 'description', 'image_vector', 'latitude', 'longitude',
                    'list_price', 'is_in_stock'
                ]) }}
        ) as listing_no,
        count(*) over (partition by source, item_id) as listing_count
    from catalogue
    where item_id is not null

),

final as (

    select
        coalesce(listed.source, seen.source) as source,
        coalesce(listed.item_id, seen.item_id) as item_id,

        listed.item_name,
        listed.category,
        listed.subcategory,
        listed.brand,
        listed.description,
        listed.image_vector,

        listed.list_price,
        listed.latitude,
        listed.longitude,

        coalesce(listed.is_in_stock, true) as is_in_stock,
        listed.item_id is not null as is_in_catalogue,

        cast(coalesce(listed.listing_count, 0) as bigint) as listing_count,

        coalesce(listed.created_at, seen.first_seen_at) as created_at
    from listed
    full outer join seen
        on listed.source = seen.source
        and listed.item_id = seen.item_id
    where coalesce(listed.listing_no, 1) = 1

)

select * from final
