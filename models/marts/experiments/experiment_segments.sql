{{ config(materialized='table') }}

-- Each arm compared with the control within the segments of its units. Exploratory: what stands out here is an idea for
-- the next experiment, and no finding of this one.
with

segments as (

    select * from {{ ref('scored_experiments') }}
    where kind = 'segment'

),

final as (

    select
        experiment,
        segment_kind,
        segment,
        metric,
        arm,
        adjustment,

        control_arm,
        role as metric_role,
        correction,
        reason,

        control_units as control_unit_count,
        units as unit_count,
        control_mean,
        mean,
        difference,
        standard_error,
        lower as difference_lower,
        upper as difference_upper,
        lift,
        p as p_value,
        p_adjusted as adjusted_p_value,
        p_between as heterogeneity_p_value,

        true as is_exploratory,
        coalesce(is_provisional, false) as is_provisional
    from segments

)

select * from final
