-- Sessions, visitors and money are the same in every journey mart: a figure that differs between two of them can't be
-- trusted in either. Returns the month, the mart and both figures.
{%- set measures = ['session_count', 'conversion_count', 'converted_visitor_count', 'amount'] %}
with

sessions as (

    select
        *,
        {{ month_start('started_on') }} as period_month
    from {{ ref('int_sessions') }}
    where not is_bot

),

expected as (

    select
        period_month,
        count(*) as session_count,
        count(case when is_converted then 1 end) as conversion_count,
        count(distinct case when is_converted then visitor_no end) as converted_visitor_count,
        cast(sum(amount) as decimal(18, 2)) as amount
    from sessions
    group by period_month

),

told as (

    select
        {{ month_start('started_on') }} as period_month,
        'sessions' as mart,
        count(*) as session_count,
        count(case when is_converted then 1 end) as conversion_count,
        count(distinct case when is_converted then visitor_key end) as converted_visitor_count,
        cast(sum(amount) as decimal(18, 2)) as amount
    from {{ ref('sessions') }}
    where not is_bot
    group by {{ month_start('started_on') }}

    union all

    select
        period_month,
        'journey_paths, ' || level || ', ' || path_kind as mart,
        sum(session_count) as session_count,
        sum(converted_session_count) as conversion_count,
        null as converted_visitor_count,
        cast(sum(amount) as decimal(18, 2)) as amount
    from {{ ref('journey_paths') }}
    group by period_month, level, path_kind

    union all

    {% for end, transitions in {
        'from start': "path_scope = 'within_session' and from_state = '" ~ journey_markers().start ~ "'",
        'to end': "path_scope = 'within_session' and to_state = '" ~ journey_markers().end ~ "'",
        'between sessions': "path_scope = 'between_sessions' and from_state <> '" ~ journey_markers().start ~ "'",
    }.items() -%}
    select
        period_month,
        'journey_transitions, {{ end }}, ' || level as mart,
        sum(transition_count) as session_count,
        null as conversion_count,
        null as converted_visitor_count,
        null as amount
    from {{ ref('journey_transitions') }}
    where {{ transitions }}
    group by period_month, level

    union all

    {% endfor -%}
    select
        period_month,
        'journey_funnel, ' || slice_name as mart,
        null as session_count,
        sum(session_count) as conversion_count,
        case when slice_name = 'all' then sum(visitor_count) end as converted_visitor_count,
        null as amount
    from {{ ref('journey_funnel') }}
    where funnel_kind = 'any_order'
        and stage = 'purchase'
    group by period_month, slice_name

    union all

    select
        period_month,
        'journey_attribution, ' || attribution_model as mart,
        null as session_count,
        round(sum(credited_conversions), 6) as conversion_count,
        null as converted_visitor_count,
        cast(sum(credited_amount) as decimal(18, 2)) as amount
    from {{ ref('journey_attribution') }}
    group by period_month, attribution_model

),

-- What each mart covers at all, so that a month that it lacks counts as empty.
marts as (

    select
        mart,
        count(session_count) > 0 as tells_sessions,
        count(conversion_count) > 0 as tells_conversions,
        count(converted_visitor_count) > 0 as tells_visitors,
        count(amount) > 0 as tells_amounts
    from told
    group by mart

),

months as (

    select period_month from expected
    union
    select period_month from told

),

compared as (

    select
        months.period_month,
        marts.*,
        {%- for measure in measures %}
        coalesce(told.{{ measure }}, 0) as {{ measure }},
        coalesce(expected.{{ measure }}, 0) as expected_{{ measure }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from months
    cross join marts
    left join told
        on months.period_month = told.period_month
        and marts.mart = told.mart
    left join expected on months.period_month = expected.period_month

)

select * from compared
where (tells_sessions and session_count <> expected_session_count)
    or (tells_conversions and conversion_count <> expected_conversion_count)
    or (tells_visitors and converted_visitor_count <> expected_converted_visitor_count)
    or (tells_amounts and abs(amount - expected_amount) > 0.01e0)
