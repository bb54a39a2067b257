{{ config(enabled=source_is_enabled('online_retail')) }}

-- This source has no reviews.
with

final as (
    {{ empty_reviews() }}
)

select * from final
