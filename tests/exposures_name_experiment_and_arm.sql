-- An exposure that names no experiment, or no arm, belongs to none: vars experiment_properties and variant_properties
-- say which properties hold the names. Returns how many there are, by source.
{{ config(severity='warn') }}

with

exposures as (

    select * from {{ ref('int_stitched_events') }}
    where event_type = 'exposure'

),

named as (

    select * from {{ ref('int_experiment_events') }}
    where arm is not null

)

select
    exposures.source,
    count(*) as exposure_count,
    min(exposures.properties) as example
from exposures
left join named
    on exposures.source = named.source
    and exposures.event_id = named.event_id
where named.event_id is null
group by exposures.source
