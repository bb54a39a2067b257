{{ config(enabled=source_is_enabled('snowplow')) }}

-- Snowplow's events in one shape, whichever layout they come in: the fields of the event, and its entities as one list.
-- Entities come in `contexts` (the enriched archive), in columns of one schema each, or in tables of one schema each.
{%- set input = snowplow_input() %}
with

input_rows as (
    {{ input.sql }}
),

parsed as (

    select
        input_rows.row_json,
        {{ computed_once(parsed_json('input_rows.row_json', snowplow_event_shape(input.layout))) }} as event
    from input_rows

),

with_entities as (

    select
        parsed.row_json,
        parsed.event,
        {{ computed_once(
            'case when ' ~ is_json('parsed.event.unstruct_event') ~ ' then '
            ~ parsed_json('parsed.event.unstruct_event', {'data': {'schema': 'string', 'data': 'json'} }) ~ '.data end'
        ) }} as action,
        {{ snowplow_entity_list(input.layout) }} as entities
    from parsed

),

final as (

    select
        with_entities.row_json,
        with_entities.event,
        with_entities.entities,
        coalesce(
            case
                when with_entities.action.schema like '%/snowplow_ecommerce_action/%'
                    then {{ json_text('with_entities.action.data', '$.type') }}
            end,
            {{ json_text(
                list_item(
                    snowplow_entities('snowplow_ecommerce_action', list='with_entities.entities'), '1'
                ) ~ '.data', '$.type'
            ) }}
        ) as action_type
    from with_entities

)

select * from final
