-- Each slice cuts the same sessions: its values add up to the slice all, in the funnel and in what became of drop-offs.
-- A slice that was added to macros/journey/slices.sql has to be computed for all months: a --full-refresh brings it to
-- those that are past. Returns the slice with both figures.
with

told as (

    select
        'journey_funnel, ' || funnel_kind as mart,
        period_month,
        slice_name,
        stage,
        session_count
    from {{ ref('journey_funnel') }}

    union all

    select
        'journey_dropoffs, ' || outcome as mart,
        period_month,
        slice_name,
        stage,
        session_count
    from {{ ref('journey_dropoffs') }}

),

summed as (

    select
        mart,
        period_month,
        slice_name,
        stage,
        sum(session_count) as session_count
    from told
    group by mart, period_month, slice_name, stage

),

wholes as (

    select * from summed
    where slice_name = 'all'

),

slices as (

    {% for slice_name in journey_slices() %}
    select '{{ slice_name }}' as slice_name
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- Every slice of a mart compared with the whole, also where one of them is missing.
expected as (

    select
        wholes.*,
        slices.slice_name as expected_slice
    from wholes
    cross join slices

)

select
    coalesce(expected.mart, summed.mart) as mart,
    coalesce(expected.period_month, summed.period_month) as period_month,
    coalesce(expected.expected_slice, summed.slice_name) as slice_name,
    coalesce(expected.stage, summed.stage) as stage,
    summed.session_count,
    expected.session_count as whole_session_count
from expected
full outer join summed
    on expected.mart = summed.mart
    and expected.expected_slice = summed.slice_name
    and expected.period_month = summed.period_month
    and expected.stage = summed.stage
where summed.session_count is distinct from expected.session_count
