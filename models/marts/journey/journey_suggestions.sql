-- What to do next, in words, most valuable first. Each suggestion says which rows of which mart it rests on.
with

suggestions as (

    select * from {{ ref('int_suggestions') }}

),

months as (
    {{ pain_months() }}
),

window_in_words as (

    select
        cast(round(month_count) as integer) || case when round(month_count) = 1 then ' month' else ' months' end
        || ' up to ' || last_day as window_words
    from months

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
            when kind = 'close_drop_off'
                then concat_ws(
                        '', 'about ', {{ about_count('orders_per_month') }},
                        ' more sessions a month would go on to the ', next_stage
                    )
            else 'about ' || {{ with_one_decimal('orders_per_month') }} || ' orders a month at risk'
        end as stake,
        case
            when kind = 'speed_up_step' then 'took it in this slice'
            when kind = 'close_drop_off' then 'got there'
            else 'met it there first'
        end as what_they_did,
        -- Who is compared differs by kind: docs/pain_points.md, What is compared with what.
        case
            when kind = 'speed_up_step' then 'comparable sessions of other slices that got there'
            when kind = 'answer_questions' then 'comparable sessions that stood there and did not ask'
            else 'comparable sessions that went on without it'
        end as comparable_words
    from suggestions

),

explained as (

    select
        *,
        {{ with_thousands('session_count') }} || ' sessions ' || what_they_did || ' in the '
        || (select window_in_words.window_words from window_in_words) || '. '
        || case
            when kind = 'close_drop_off'
                then concat_ws(
                        '', {{ points('rate') }}, ' % of them went on, against ', {{ points('usual_rate') }},
                        ' % in the middle one of its fellows. Nothing is adjusted for who these visitors are.'
                    )
            else concat_ws(
                    '', {{ points('rate') }}, ' % of them bought, against ', {{ points('usual_rate') }}, ' % of ',
                    {{ with_thousands('comparable_session_count') }}, ' ', comparable_words, ': a gap of ',
                    {{ points('gap') }}, ' points (95 % interval ', {{ points('gap_lower') }}, ' to ',
                    {{ points('gap_upper') }}, '), ',
                    {{ with_one_decimal('orders_per_month') }}, ' orders a month.'
                )
        end as evidence,
        case kind
            when 'remove_friction'
                then concat_ws(
                        '', 'Read what these events tell in int_events.properties, try the same', place,
                        ', and mend it or offer a way around it.'
                    )
            when 'answer_questions'
                then 'Read what is asked, and answer it on the page. Who asks may be in trouble already: mend that.'
            when 'speed_up_step'
                then concat_ws(
                        '', 'Measure how long the ', stage, ' stage takes to load and to fill in', place,
                        ', and take out what waits.'
                    )
            else concat_ws(
                    '', 'Go through the ', stage, ' stage', place,
                    ' beside a slice that does better, and look for what differs.'
                )
        end as advice
    from worded

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
        -- Where no amounts are told, orders go before sessions that would go on: they are no orders yet.
        row_number() over (
            order by
                round(expected_value, 2) desc nulls last, kind = 'close_drop_off' asc, round(orders_per_month, 6) desc,
                kind asc, friction asc, stage asc, slice_name asc, slice_value asc
        ) as suggestion_rank
    from explained

)

select * from final
