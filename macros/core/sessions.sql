{#- True when an act does not go on with the session of the act before it. -#}
{% macro is_new_session(earlier_at, later_at, earlier_channel, later_channel) -%}
    ({{ earlier_at }} is null
    or {{ later_at }} is null
    or {{ seconds_between(earlier_at, later_at) }} > {{ var('session_gap_minutes') }} * 60
    {%- if var('session_cut_at_midnight') %}
    or {{ shop_day_of(earlier_at) }} <> {{ shop_day_of(later_at) }}
    {%- endif %}
    {%- if var('session_cut_at_campaign_change') %}
    or ({{ earlier_channel }} is distinct from {{ later_channel }} and not {{ is_direct(later_channel) }}
        and {{ earlier_at }} < {{ later_at }})
    {%- endif %})
{%- endmacro %}


{#- CTEs that place pings after the acts of a model of sessions; the last one, `pinged`, has a row for each act that has
    pings behind it within its session, or behind the act before: `seen_until_at` is the last of them, `pinged_seconds`
    the engaged time until then. Pings count as long as no pause between them ends the session. Those before a first act, or after such a pause, prolong
    nothing: a session begins with an act. Where a source has no pings this reads next to nothing. -#}
{% macro pings_after_acts() -%}
pinged_visitors as (

    select distinct visitor_no
    from stitched
    where event_type in ({{ ping_types() }})

),

signs_of_life as (

    select
        stitched.visitor_no,
        stitched.event_at as seen_at,
        event_types.stage is null as is_ping
    from stitched
    inner join pinged_visitors on stitched.visitor_no = pinged_visitors.visitor_no
    inner join {{ ref('event_types') }} as event_types
        on stitched.event_type = event_types.event_type
        and event_types.is_session_event
    {% if is_incremental() -%}
    inner join windows
        on stitched.visitor_no = windows.visitor_no
        and stitched.event_at >= windows.recompute_from
    {%- endif %}

),

-- An act comes before a ping of the same moment.
signs_in_order as (

    select
        visitor_no,
        seen_at,
        is_ping,
        lag(seen_at) over in_order as previous_at,
        count(case when not is_ping then 1 end) over (
            partition by visitor_no order by seen_at, is_ping rows unbounded preceding
        ) as act_no
    from signs_of_life
    window in_order as (partition by visitor_no order by seen_at, is_ping)

),

unbroken_pings as (

    select
        *,
        count(case when {{ is_new_session('previous_at', 'seen_at', "''", "''") }} then 1 end) over (
            partition by visitor_no, act_no order by seen_at rows unbounded preceding
        ) as break_count
    from signs_in_order
    where is_ping and act_no > 0

),

last_pings as (

    select
        visitor_no,
        act_no,
        max(seen_at) as seen_until_at,
        sum({{ engaged_pause('previous_at', 'seen_at') }}) as pinged_seconds
    from unbroken_pings
    where break_count = 0
    group by visitor_no, act_no

),

-- What an act has to know of the pings behind it, and of those behind the act before.
pinged as (

    select
        visitor_no,
        act_no,
        max(seen_until_at) as seen_until_at,
        max(pinged_seconds) as pinged_seconds,
        max(previous_seen_until_at) as previous_seen_until_at
    from (
        select
            visitor_no,
            act_no,
            seen_until_at,
            pinged_seconds,
            null as previous_seen_until_at
        from last_pings

        union all

        select
            visitor_no,
            act_no + 1 as act_no,
            null as seen_until_at,
            null as pinged_seconds,
            seen_until_at as previous_seen_until_at
        from last_pings
    )
    group by visitor_no, act_no

)
{%- endmacro %}


{#- A CTE that says of acts between their neighbours where a session begins and ends: pings are signs of life, too. -#}
{% macro cut_between(neighbours) -%}
cut as (

    select
        {{ neighbours }}.*,
        pinged.seen_until_at,
        pinged.pinged_seconds,
        {{ is_new_session(
            'coalesce(pinged.previous_seen_until_at, ' ~ neighbours ~ '.previous_at)', neighbours ~ '.event_at',
            neighbours ~ '.previous_channel', neighbours ~ '.channel'
        ) }} as is_session_start,
        {{ is_new_session(
            'coalesce(pinged.seen_until_at, ' ~ neighbours ~ '.event_at)', neighbours ~ '.next_at',
            neighbours ~ '.channel', neighbours ~ '.next_channel'
        ) }} as is_session_end
    from {{ neighbours }}
    left join pinged
        on {{ neighbours }}.visitor_no = pinged.visitor_no
        and {{ neighbours }}.act_no = pinged.act_no

)
{%- endmacro %}


{#- The event types that say that a visitor is still there, as a query: session events without a stage. -#}
{% macro ping_types() -%}
    select event_type from {{ ref('event_types') }} where is_session_event and stage is null
{%- endmacro %}


{#- What a pause between two signs of life adds to engaged time, in seconds: its length, long ones cut. -#}
{% macro engaged_pause(earlier_at, later_at) -%}
    {{ at_most(seconds_between(earlier_at, later_at), var('engaged_max_pause_seconds')) }}
{%- endmacro %}


{#- The public id of a session: who and when, so that a rebuilt session keeps its id. Without a key it would tell when: who
    the visitor is can be read from the same row, and the moments of a day are soon tried. Half of a keyed hash is enough
    (RFC 2104, section 5). -#}
{% macro session_id(visitor_no, started_at) -%}
    left({{ hmac_sha256("'visit:' || " ~ visitor_no ~ " || ':' || " ~ microseconds_of(started_at)) }}, 32)
{%- endmacro %}


{#- What the source itself calls an event. Staging keeps that name in the properties where the contract has another. -#}
{% macro own_event_name(properties, event_type) -%}
    {{ return(adapter.dispatch('own_event_name', 'footfall')(properties, event_type)) }}
{%- endmacro %}

{% macro default__own_event_name(properties, event_type) -%}
    lower(coalesce({{ json_text(properties, '$.source_event_name') }}, {{ event_type }}))
{%- endmacro %}

{% macro duckdb__own_event_name(properties, event_type) -%}
    case
            -- Most rows have no such name: looking for the text first spares them the parser.
            when contains({{ properties }}, '"source_event_name"')
                then lower(coalesce(json_extract_string({{ properties }}, '$.source_event_name'), {{ event_type }}))
            else {{ event_type }}
        end
{%- endmacro %}


{#- True where so many events in so little time, and no order, are not a person's. -#}
{% macro looks_like_a_bot(order_lines, events, seconds) -%}
    ({{ order_lines }} = 0
    and {{ events }} >= {{ var('bot_min_events') }}
    and {{ seconds }} <= {{ var('bot_max_seconds_per_event') }} * {{ events }})
{%- endmacro %}
