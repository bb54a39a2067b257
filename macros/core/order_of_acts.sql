{#- The one order that acts are put in: by when they happened; within one moment by what the source tells of their order,
    then by the place of their type on the way to an order, and at last by their id. It is total and depends on nothing
    but the act, so any order of arrival gives the same. A list of columns, for an `order by`. -#}
{% macro order_of_acts(alias=none, event_at='event_at', event_id='event_id') %}
    {% set columns = prefixed(alias, [event_at, 'sequence_no', 'act_rank', event_id]) if alias
        else [event_at, 'sequence_no', 'act_rank', event_id] %}
    {% do return(columns[0] ~ ', ' ~ columns[1] ~ ' nulls last, ' ~ columns[2] ~ ', ' ~ columns[3]) %}
{% endmacro %}


{#- The place of an event type among acts of one moment, as one number: its stage, then its place in the stage
    (`seeds/event_types.csv`). What the shop does belongs to no stage and comes first. -#}
{% macro act_rank(event_types) -%}
    coalesce({{ event_types }}.stage_order, 0) * 100 + coalesce({{ event_types }}.order_in_stage, 0)
{%- endmacro %}
