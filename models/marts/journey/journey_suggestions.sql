-- What to do next, in words, most valuable first: the pain points that are named, and slices that lag behind their fellows
-- between two stages. Each suggestion says which rows of which mart it rests on.
with

pain_points as (

    select * from {{ ref('journey_pain_points') }}
    where is_named

),

lagging_slices as (

    select * from {{ ref('int_lagging_slices') }}

),

event_types as (

    select * from {{ ref('event_types') }}

),

looked_at as (

    select
        max({{ utc_date('session_started_at') }}) as last_day,
        greatest(
            (1 + {{ days_between(utc_date('min(session_started_at)'), utc_date('max(session_started_at)')) }}) / 30.4375, 1
        ) as month_count
    from {{ ref('int_pain_sessions') }}

),

window_in_words as (

    select
        cast(round(month_count) as integer) || case when round(month_count) = 1 then ' month' else ' months' end
        || ' up to ' || last_day as window_words
    from looked_at

),

pains as (

    select
        case
            when pain_points.friction = 'slow_step' then 'speed_up_step'
            when event_types.stage = 'after_sales' then 'answer_questions'
            else 'remove_friction'
        end as kind,
        pain_points.friction,
        pain_points.stage,
        pain_points.slice_name,
        pain_points.slice_value,
        'journey_pain_points' as mart_name,
        {{ slice_in_words('pain_points.channel', 'pain_points.device', 'pain_points.country', 'pain_points.visitor') }}
            as place,
        pain_points.exposed_session_count as session_count,
        pain_points.exposed_conversion as rate,
        pain_points.comparable_conversion as usual_rate,
        pain_points.conversion_gap as gap,
        pain_points.gap_lower,
        pain_points.gap_upper,
        pain_points.comparable_session_count,
        pain_points.lost_orders_per_month as orders_per_month,
        pain_points.value_at_risk as expected_value,
        pain_points.value_lower as lower_value,
        pain_points.value_upper as upper_value,
        case
            when event_types.stage = 'after_sales' then 'low'
            when pain_points.q_value <= 0.001 and pain_points.matched_session_count >= 100 then 'high'
            else 'medium'
        end as confidence
    from pain_points
    left join event_types on pain_points.friction = event_types.event_type

),

lags as (

    select
        'close_drop_off' as kind,
        cast(null as varchar) as friction,
        lagging_slices.stage,
        lagging_slices.slice_name,
        lagging_slices.slice_value,
        'journey_funnel' as mart_name,
        case lagging_slices.slice_name
            when 'device' then ' on '
            when 'country' then ' in '
            else ' from '
        end || lagging_slices.slice_value as place,
        lagging_slices.session_count,
        lagging_slices.pass_rate as rate,
        lagging_slices.usual_pass_rate as usual_rate,
        lagging_slices.pass_rate - lagging_slices.usual_pass_rate as gap,
        lagging_slices.pass_rate - lagging_slices.usual_pass_rate - 1.959964 * lagging_slices.pass_rate_error
            as gap_lower,
        lagging_slices.pass_rate - lagging_slices.usual_pass_rate + 1.959964 * lagging_slices.pass_rate_error
            as gap_upper,
        cast(null as bigint) as comparable_session_count,
        lagging_slices.session_count * (lagging_slices.usual_pass_rate - lagging_slices.pass_rate)
        / looked_at.month_count as orders_per_month,
        coalesce(lagging_slices.value_of_catching_up, 0) / looked_at.month_count as expected_value,
        greatest(
            coalesce(lagging_slices.value_lower, 0) / looked_at.month_count, 0
        ) as lower_value,
        coalesce(lagging_slices.value_upper, 0) / looked_at.month_count as upper_value,
        'low' as confidence
    from lagging_slices
    cross join looked_at

),

found as (

    select * from pains
    union all
    select * from lags

),

worded as (

    select
        *,
        case
            when kind = 'speed_up_step' then 'Slow ' || stage
            when kind = 'answer_questions' then 'Calls for help at the ' || stage || ' stage'
            when kind = 'close_drop_off' then 'More sessions stop at the ' || stage || ' stage'
            else upper(left(friction, 1)) || replace(substring(friction, 2), '_', ' ') || 's'
        end || place as subject,
        case
            when expected_value >= 1 then 'about ' || {{ about_amount('expected_value') }} || ' a month at risk'
            else 'about ' || cast(round(cast(orders_per_month as decimal(18, 4)), 1) as varchar) || ' orders a month at risk'
        end as stake,
        case
            when kind = 'speed_up_step' then 'took it in this slice'
            when kind = 'close_drop_off' then 'got there'
            else 'met it there first'
        end as what_they_did
    from found

),

explained as (

    select
        *,
        {{ with_thousands('session_count') }} || ' sessions ' || what_they_did || ' in the ' || window_words || '. '
        || case
            when kind = 'close_drop_off'
                then {{ points('rate') }} || ' % of them went on, against ' || {{ points('usual_rate') }}
                || ' % in the middle one of its fellows. Nothing is adjusted for who these visitors are.'
            else {{ points('rate') }} || ' % of them bought, against ' || {{ points('usual_rate') }} || ' % of '
                || {{ with_thousands('comparable_session_count') }}
                || ' comparable sessions: a gap of ' || {{ points('gap') }} || ' points (95 % interval '
                || {{ points('gap_lower') }} || ' to ' || {{ points('gap_upper') }} || '), '
                || cast(round(cast(orders_per_month as decimal(18, 4)), 1) as varchar) || ' orders a month.'
        end as evidence,
        case kind
            when 'remove_friction'
                then 'Read what these events tell in int_events.properties, try the same' || place
                || ', and mend it or offer a way around it.'
            when 'answer_questions'
                then 'Read what is asked, and answer it on the page. Those who ask may be in trouble already: mend that first.'
            when 'speed_up_step'
                then 'Measure how long the ' || stage || ' stage takes to load and to fill in' || place
                || ', and take out what waits.'
            else 'Go through the ' || stage || ' stage' || place || ' beside a slice that does better, and look for what differs.'
        end as advice
    from worded
    cross join window_in_words

),

final as (

    select
        md5(concat_ws('|', kind, coalesce(friction, ''), stage, slice_name, slice_value)) as suggestion_id,

        kind,
        subject || ': ' || {{ with_thousands('session_count') }} || ' sessions, ' || {{ points('gap') }} || ' points, '
        || stake as title,
        evidence,
        advice,
        confidence,
        friction,
        stage,
        slice_name,
        slice_value,
        mart_name,

        session_count,
        round(gap, 9) as conversion_gap,
        round(orders_per_month, 6) as orders_per_month,
        round(expected_value, 2) as expected_value,
        round(lower_value, 2) as lower_value,
        round(upper_value, 2) as upper_value,
        row_number() over (
            order by
                round(expected_value, 2) desc, round(orders_per_month, 6) desc,
                kind, friction, stage, slice_name, slice_value
        ) as suggestion_rank
    from explained

)

select * from final
