{#- What a source calls its events and what the contract calls them: the seed event_name_map, a vocabulary of it where one
    is named, overridden by a dict, and the names of the contract themselves. A null event_type marks a name that is no event of the journey. -#}
{% macro event_names(source_name, overrides={}, vocabulary=none) -%}
    {%- set overridden = [] -%}
    {%- for name in merged_event_names(overrides) -%}
        {%- do overridden.append(sql_text(name)) -%}
    {%- endfor -%}
    select
        lower(trim(source_event_name)) as source_event_name,
        max(event_type) as event_type
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
        and lower(trim(source_event_name)) not in ({{ overridden | join(', ') }})
        {%- endif %}
    group by lower(trim(source_event_name))
    {%- for name, event_type in merged_event_names(overrides).items() %}
    union all
    select
        {{ sql_text(name) }} as source_event_name,
        {{ sql_text(event_type) if event_type else 'cast(null as string)' }} as event_type
    {%- endfor %}
    union all
    select
        event_type as source_event_name,
        event_type
    from {{ ref('event_types') }}
    where event_type not in (
        select lower(trim(source_event_name)) from {{ ref('event_name_map') }}
        where source = {{ sql_text(source_name) }}
            and coalesce(vocabulary, '') in ('', {{ sql_text(vocabulary or '') }})
    )
        {%- if overridden %}
        and event_type not in ({{ overridden | join(', ') }})
        {%- endif %}
{%- endmacro %}


{#- The same as the vars say it: of any source, custom_event_names overrides the seed; only one's own tables may have a
    vocabulary. -#}
{% macro event_names_of(source_name) -%}
    {{ event_names(
        source_name, var('custom_event_names') or {}, var('custom_vocabulary') if source_name == 'custom' else none
    ) }}
{%- endmacro %}


{#- Overrides under their names as they are compared, trimmed and in lower case: several spellings of a name are one. The
    check of the configuration stops where they disagree. -#}
{% macro merged_event_names(overrides) %}
    {% set merged = {} %}
    {% for name, event_type in overrides.items() %}
        {% do merged.update({name | lower | trim: event_type}) %}
    {% endfor %}
    {% do return(merged) %}
{% endmacro %}


{#- Why a name that the map leaves out on purpose is not an event, else null. -#}
{% macro event_name_problem(source_event_name, names='event_names') -%}
    case
            when {{ names }}.source_event_name is not null and {{ names }}.event_type is null
                then 'not an event of the journey: ' || {{ source_event_name }}
        end
{%- endmacro %}


{#- Why an event of nobody is left out on purpose, else null: nobody agreed to be known. What is paid and given back counts. -#}
{% macro nobody_problem(lacks_consent, event_type, ids, why) -%}
    case
            when {{ lacks_consent }} and coalesce({{ ids | join(', ') }}) is null
                and {{ event_type }} not in {{ event_types_of_nobody() }}
                then {{ sql_text('not an event of the journey: ' ~ why) }}
        end
{%- endmacro %}


{#- Names, as SQL, that tools give to what is no event of the journey, and everyday logs to what people do with an item;
    but for those that a var decides. -#}
{% macro ambiguous_event_names() %}
    {% set overridden = merged_event_names(var('custom_event_names') or {}) %}
    {% set names = [] %}
    {% for name in ['click', 'clicked', 'share'] if name not in overridden %}
        {% do names.append(sql_text(name)) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- The event types that are about one item each: an event that lists several items becomes one line an item. -#}
{% macro item_level_event_types() -%}
    ('view', 'wishlist', 'add_to_cart', 'remove_from_cart', 'purchase', 'order_update', 'refund', 'review')
{%- endmacro %}
