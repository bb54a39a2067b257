{#- The sources that this run reads, as a list, whichever way the var was written: one name, several with commas between
    them, or a list. -#}
{% macro enabled_sources() %}
    {% set picked = var('footfall_source') %}
    {% do return(picked.replace(' ', '').split(',') if picked is string else picked) %}
{% endmacro %}

{% macro source_is_enabled(source_name) %}
    {% do return(source_name in enabled_sources()) %}
{% endmacro %}

{#- Those of them whose rows are events: an order may be sent more than once there. The rows of others are records, each
    of which counts. -#}
{% macro event_sources() %}
    {% do return(ask_program('event_sources', {
        'picked': enabled_sources(), 'custom_rows_are': 'records' if custom_rows_are_records() else 'events'
    }) if execute else enabled_sources()) %}
{% endmacro %}

{#- Those of them that write again what they wrote before: records, tools that restate their days, and tables of Segment,
    of which one completes the other. What a pending day of theirs holds now takes the place of what was read of it. -#}
{% macro restated_sources() %}
    {% if not execute %}
        {% do return(enabled_sources()) %}
    {% endif %}
    {% do return(ask_program('restated_sources', {
        'picked': enabled_sources(), 'custom_rows_are': 'records' if custom_rows_are_records() else 'events',
        'segment_rows_are': 'tables' if source_is_enabled('segment') and segment_holds_tables() else 'messages'
    })) %}
{% endmacro %}

{#- Those of them whose rows are records. -#}
{% macro record_sources() %}
    {% do return(enabled_sources() | reject('in', event_sources()) | list) %}
{% endmacro %}

{#- Sources as a list in SQL, which may hold none. -#}
{% macro in_sources(names) -%}
    ({{ quoted_texts(names) | join(', ') if names else "''" }})
{%- endmacro %}

{#- Every enabled source's staging model of one entity, stacked; `columns` picks what is needed. -#}
{% macro union_sources(entity, columns='*') %}
    {%- for source_name in enabled_sources() %}
    select {{ columns }} from {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{% endmacro %}

{#- The shape of stg_<source>__reviews without a row, for shops that keep no reviews. -#}
{% macro empty_reviews() -%}
    select
        cast(null as string) as source,
        cast(null as string) as review_id,
        cast(null as string) as customer_id,
        cast(null as string) as item_id,
        cast(null as string) as order_id,
        cast(null as {{ moment_type() }}) as reviewed_at,
        cast(null as double) as rating,
        cast(null as string) as title,
        cast(null as string) as body,
        cast(null as string) as value_notes
    where false
{%- endmacro %}


{#- A var of horizons as a list, also where someone wrote one number: the check of the configuration names it, but it runs
    after the models have been parsed. -#}
{% macro horizon_list(name='horizons_days') %}
    {% set given = var(name) %}
    {% do return(given if given is sequence and given is not string else [given]) %}
{% endmacro %}
