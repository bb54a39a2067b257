{{ config(materialized='table') }}

-- Each arm compared with the control within the segments of its units. Exploratory: what stands out here is an idea for
-- the next experiment, and no finding of this one.
with

segments as (

    select * from {{ ref('scored_experiments') }}
    where kind = 'segment'

),

words as (

    select * from {{ words() }}

),

final as (

    select
        segments.experiment,
        segments.segment_kind,
        segments.segment,
        segments.metric,
        segments.arm,
        segments.adjustment,

        segments.control_arm,
        segments.role as metric_role,
        segments.correction,
        {{ experiment_reason('segments') }} as reason,
        segments.reason_key,
        segments.reason_values,

        segments.control_units as control_unit_count,
        segments.units as unit_count,
        segments.control_mean,
        segments.mean,
        segments.difference,
        segments.standard_error,
        segments.lower as difference_lower,
        segments.upper as difference_upper,
        segments.lift,
        segments.p as p_value,
        segments.p_adjusted as adjusted_p_value,
        segments.p_between as heterogeneity_p_value,

        true as is_exploratory,
        coalesce(segments.is_provisional, false) as is_provisional
    from segments
    left join words on segments.reason_key = words.message_key

)

select * from final
