{#- True when an act does not go on with the session of the act before it. -#}
{% macro is_new_session(earlier_at, later_at, earlier_channel, later_channel) -%}
    ({{ earlier_at }} is null
    or {{ later_at }} is null
    or {{ seconds_between(earlier_at, later_at) }} > {{ var('session_gap_minutes') }} * 60
    {%- if var('session_cut_at_midnight') %}
    or {{ utc_date(earlier_at) }} <> {{ utc_date(later_at) }}
    {%- endif %}
    {%- if var('session_cut_at_campaign_change') %}
    or ({{ earlier_channel }} is distinct from {{ later_channel }} and {{ earlier_at }} < {{ later_at }})
    {%- endif %})
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
