{#- What a source calls its events and what the contract calls them: the seed event_name_map, a vocabulary of it where one
    is named, overridden by a dict, and the names of the contract themselves. A null event_type marks a name that is no event of the journey. -#}
{% macro event_names(source_name, overrides={}, vocabulary=none) -%}
    {%- set overridden = [] -%}
    {%- for name in overrides -%}
        {%- do overridden.append(sql_text(name | lower | trim)) -%}
    {%- endfor -%}
    select
        source_event_name,
        event_type
    from {{ ref('event_name_map') }}
    where source = {{ sql_text(source_name) }}
        {%- if vocabulary %}
        and (
            vocabulary = {{ sql_text(vocabulary) }}
            or vocabulary is null
            and source_event_name not in (
                select source_event_name from {{ ref('event_name_map') }}
                where vocabulary = {{ sql_text(vocabulary) }}
            )
        )
        {%- else %}
        and vocabulary is null
        {%- endif %}
        {%- if overridden %}
        and source_event_name not in ({{ overridden | join(', ') }})
        {%- endif %}
    {%- for name, event_type in overrides.items() %}
    union all
    select
        {{ sql_text(name | lower | trim) }} as source_event_name,
        {{ sql_text(event_type) if event_type else 'cast(null as string)' }} as event_type
    {%- endfor %}
    union all
    select
        event_type as source_event_name,
        event_type
    from {{ ref('event_types') }}
    where event_type not in (
        select source_event_name from {{ ref('event_name_map') }}
        where source = {{ sql_text(source_name) }}
            and coalesce(vocabulary, '') in ('', {{ sql_text(vocabulary or '') }})
    )
        {%- if overridden %}
        and event_type not in ({{ overridden | join(', ') }})
        {%- endif %}
{%- endmacro %}


{#- Why a name that the map leaves out on purpose is not an event, else null. -#}
{% macro event_name_problem(source_event_name, names='event_names') -%}
    case
            when {{ names }}.source_event_name is not null and {{ names }}.event_type is null
                then 'not an event of the journey: ' || {{ source_event_name }}
        end
{%- endmacro %}


{#- The event types that are about one item each: an event that lists several items becomes one line an item. -#}
{% macro item_level_event_types() -%}
    ('view', 'wishlist', 'add_to_cart', 'remove_from_cart', 'purchase', 'refund', 'review')
{%- endmacro %}
