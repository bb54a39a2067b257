{{ config(enabled=source_is_enabled('segment')) }}

-- This source has no reviews.
with

final as (
    {{ empty_reviews() }}
)

select * from final
