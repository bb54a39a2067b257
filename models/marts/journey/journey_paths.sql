{{ config(materialized='incremental', incremental_strategy='replace_months', on_schema_change='append_new_columns') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- The ways through the shop, from entry to exit: between stages and between events, as they happened and with
-- repeats merged. What is rare or long is one row, `(other)`, so that the paths of a month always hold all its
-- sessions.
{%- set months = touched_months() if is_incremental() else [] %}
{%- set kinds = path_kinds() %}
with

sessions as (

    select
        *,
        {{ month_start('started_on') }} as period_month
    from {{ ref('int_sessions') }}
    where not is_bot
    {% if is_incremental() -%}
        and {{ month_start('started_on') }} in ({{ months | join(', ') }})
    {%- endif %}

),

ways as (

    select
        sessions.period_month,
        sessions.visitor_no,
        sessions.amount,
        sessions.is_converted,
        sessions.loaded_at,
        {{ prefixed('session_ways', way_columns()) | join(',\n        ') }}
    from {{ ref('int_session_ways') }} as session_ways
    inner join sessions
        on session_ways.visitor_no = sessions.visitor_no
        and session_ways.session_started_at = sessions.session_started_at
    {% if is_incremental() -%}
    where {{ month_start('session_ways.started_on') }} in ({{ months | join(', ') }})
    {%- endif %}

),

-- Numbers replace the kinds of paths: names cost more to group by.
walked as (
    {% for kind in kinds %}
    select
        {{ loop.index }} as kind_no,
        period_month,
        visitor_no,
        amount,
        is_converted,
        loaded_at,
        entry_{{ kind.level }} as entry_state,
        exit_{{ kind.level }} as exit_state,
        {{ kind.path }} as path,
        {{ kind.steps }} as step_count
    from ways
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

ranked as (

    select
        period_month,
        kind_no,
        path,
        row_number() over (partition by period_month, kind_no order by count(*) desc, path) as path_rank
    from walked
    where path is not null
    group by period_month, kind_no, path

),

kept as (

    select * from ranked
    where path_rank <= {{ var('paths_kept') }}

),

labelled as (

    select
        walked.*,
        kept.path_rank,
        kept.path as kept_path
    from walked
    left join kept
        on walked.period_month = kept.period_month
        and walked.kind_no = kept.kind_no
        and walked.path = kept.path

),

counted as (

    select
        period_month,
        kind_no,
        coalesce(max(kept_path), '{{ journey_markers().other }}') as path,
        path_rank,
        case when path_rank is not null then max(entry_state) end as entry_state,
        case when path_rank is not null then max(exit_state) end as exit_state,
        case when path_rank is not null then max(step_count) end as step_count,
        count(*) as session_count,
        count(distinct visitor_no) as visitor_count,
        count(case when is_converted then 1 end) as converted_session_count,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from labelled
    group by period_month, kind_no, path_rank

),

final as (

    select
        period_month,
        {% for column, named in {'level': 'level', 'path_kind': 'kind'}.items() -%}
        case kind_no
            {%- for kind in kinds %}
            when {{ loop.index }} then '{{ kind[named] }}'
            {%- endfor %}
        end as {{ column }},
        {% endfor -%}
        path,
        entry_state,
        exit_state,

        path_rank,
        step_count,
        session_count,
        visitor_count,
        converted_session_count,
        cast(session_count as double) / sum(session_count) over (partition by period_month, kind_no)
            as share_of_sessions,
        cast(converted_session_count as double) / session_count as conversion_rate,
        amount,

        path_rank is null as is_other,

        loaded_at
    from counted

)

select * from final
