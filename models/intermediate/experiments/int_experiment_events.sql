-- Exposures, one row each: which arm of which experiment was shown to whom. Tools name both in several ways, and the
-- first name that an exposure has counts (vars `experiment_properties` and `variant_properties`).
with

stitched as (

    select * from {{ ref('int_stitched_events') }}
    where event_type = 'exposure'

),

links as (

    select * from {{ ref('int_identity_links') }}

),

named as (

    select
        stitched.event_id,
        stitched.source,
        stitched.visitor_no,
        stitched.customer_no,

        {{ first_property('stitched.properties', 'experiment_properties') }} as experiment,
        {{ first_property('stitched.properties', 'variant_properties') }} as arm,
        stitched.channel,
        stitched.device,
        stitched.country,

        stitched.sequence_no,
        stitched.act_rank,

        -- Whose the exposure is was known before it, and not found out by what the customer then did on the device.
        stitched.is_named or coalesce(links.linked_at < stitched.event_at, false) as is_known_before,

        stitched.event_at as exposed_at
    from stitched
    left join links on stitched.anonymous_no = links.anonymous_no

),

final as (

    select * from named
    where experiment is not null

)

select * from final
