-- What could be suggested, in figures: the pain points that are named, and slices that lag behind their fellows
-- between two stages.
with

named_pains as (

    select * from {{ ref('int_pain_named') }}

),

tests as (

    select * from {{ ref('int_pain_tests') }}

),

pain_values as (

    select * from {{ ref('int_pain_values') }}

),

lagging_slices as (

    select * from {{ ref('int_lagging_slices') }}

),

event_types as (

    select * from {{ ref('event_types') }}

),

months as (
    {{ pain_months() }}
),

stages as (

    select distinct
        stage,
        stage_order
    from event_types
    where stage is not null

),

pains as (

    select
        case
            when named_pains.friction = 'slow_step' then 'speed_up_step'
            when event_types.stage = 'after_sales' then 'answer_questions'
            else 'remove_friction'
        end as kind,
        named_pains.friction,
        stages.stage,
        cast(null as string) as next_stage,
        named_pains.slice_name,
        named_pains.slice_value,
        'journey_pain_points' as mart_name,
        tests.channel,
        tests.device,
        tests.country,
        tests.visitor,
        tests.segment,
        pain_values.exposed_session_count as session_count,
        pain_values.exposed_conversion as rate,
        pain_values.comparable_conversion as usual_rate,
        pain_values.conversion_gap as gap,
        pain_values.gap_lower,
        pain_values.gap_upper,
        pain_values.comparable_session_count,
        pain_values.lost_orders_per_month as orders_per_month,
        pain_values.value_at_risk as expected_value,
        pain_values.value_lower as lower_value,
        pain_values.value_upper as upper_value,
        case
            when event_types.stage = 'after_sales' then 'low'
            when tests.q_value <= 0.001e0 and pain_values.matched_session_count >= 100 then 'high'
            else 'medium'
        end as confidence
    from named_pains
    inner join stages on named_pains.stage_order = stages.stage_order
    left join event_types on named_pains.friction = event_types.event_type
    {%- for joined in ['tests', 'pain_values'] %}
    inner join {{ joined }}
        on named_pains.friction = {{ joined }}.friction
        and named_pains.stage_order = {{ joined }}.stage_order
        and named_pains.slice_name = {{ joined }}.slice_name
        and named_pains.slice_value = {{ joined }}.slice_value
    {%- endfor %}

),

lags as (

    select
        'close_drop_off' as kind,
        cast(null as string) as friction,
        lagging_slices.stage,
        lagging_slices.next_stage,
        lagging_slices.slice_name,
        lagging_slices.slice_value,
        'journey_funnel' as mart_name,
        {%- for part in ['channel', 'device', 'country'] %}
        case when lagging_slices.slice_name = '{{ part }}' then lagging_slices.slice_value end as {{ part }},
        {%- endfor %}
        cast(null as string) as visitor,
        cast(null as string) as segment,
        lagging_slices.session_count,
        lagging_slices.pass_rate as rate,
        lagging_slices.usual_pass_rate as usual_rate,
        lagging_slices.pass_rate - lagging_slices.usual_pass_rate as gap,
        lagging_slices.pass_rate - lagging_slices.usual_pass_rate - 1.959964e0 * lagging_slices.pass_rate_error
            as gap_lower,
        lagging_slices.pass_rate - lagging_slices.usual_pass_rate + 1.959964e0 * lagging_slices.pass_rate_error
            as gap_upper,
        cast(null as bigint) as comparable_session_count,
        lagging_slices.session_count * (lagging_slices.usual_pass_rate - lagging_slices.pass_rate)
        / months.month_count as orders_per_month,
        lagging_slices.value_of_catching_up / months.month_count as expected_value,
        {{ not_below_zero('lagging_slices.value_lower') }} / months.month_count as lower_value,
        lagging_slices.value_upper / months.month_count as upper_value,
        'low' as confidence
    from lagging_slices
    cross join months

)

select * from pains
union all
select * from lags
