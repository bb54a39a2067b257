{{ config(enabled=source_is_enabled('snowplow')) }}

-- This source has no reviews.
with

final as (
    {{ empty_reviews() }}
)

select * from final
