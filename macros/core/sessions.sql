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


{#- The public id of a session: who and when, so that a rebuilt session keeps its id. -#}
{% macro session_id(visitor_no, started_at) -%}
    md5({{ visitor_no }} || '|' || epoch_us({{ started_at }}))
{%- endmacro %}
