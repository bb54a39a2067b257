{{ config(enabled=source_is_enabled('ga4')) }}

-- This source has no reviews.
with

final as (
    {{ empty_reviews() }}
)

select * from final
