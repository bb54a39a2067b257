{#- Microseconds since 1970, as text and with an offset that is not negative, as a moment; null where they are none, or
    lie beyond the year 9999. -#}
{% macro ga4_moment(microseconds, offset=none) -%}
    {%- set number = 'try_cast(' ~ microseconds ~ ' as bigint)' -%}
    {%- set added = 'greatest(coalesce(try_cast(' ~ offset ~ ' as bigint), 0), 0)' if offset else '0' -%}
    case
            when {{ number }} between -62135596800000000 and 253402214400000000
                and {{ added }} <= 253402214400000000 - {{ number }}
                then {{ moment_of_microseconds(number ~ ' + ' ~ added) }}
        end
{%- endmacro %}


{#- The files of the export, in the parts that `input_parts` makes: those whose names, or those of their folders, say that
    they are of intraday or fresh tables, which are provisional until the daily table of their day is there, and the
    others. -#}
{% macro ga4_parts() %}
    {% set parts = {'daily': [], 'intraday': []} %}
    {% if execute %}
        {% for part in input_parts(source('ga4', 'events'), 'ga4_path', ['parquet', 'text', 'json']) %}
            {% set intraday = [] %}
            {% for file in part.files %}
                {% set is_provisional = 'intraday' in file.split('/')[-1] | lower
                    or 'events_intraday_' in file | lower or 'events_fresh_' in file | lower %}
                {% do intraday.append(file) if is_provisional %}
            {% endfor %}
            {% for name, files in [('intraday', intraday), ('daily', part.files | reject('in', intraday) | list)] if files %}
                {% do parts[name].append({'event_type': part.event_type, 'kind': part.kind, 'files': files}) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% do return(parts) %}
{% endmacro %}


{#- CTEs, `input_rows` the last of them, with the rows of the export as JSON, and whether a row is of an intraday table
    though the daily table of its day is there. Each property has tables of its own: one of several in a folder is known
    by its streams. -#}
{% macro ga4_input_rows() -%}
{%- set parts = ga4_parts() -%}
{%- if parts.daily and parts.intraday -%}
rows_of_tables as (

    select
        row_json,
        false as is_intraday
    from ({{ rows_as_json(parts.daily) }}) as daily

    union all

    select
        row_json,
        true as is_intraday
    from ({{ rows_as_json(parts.intraday) }}) as intraday

),

kept as (

    select
        row_json,
        is_intraday,
        {{ parsed_json('row_json', {
            'event_date': 'string', 'event_timestamp': 'string', 'stream_id': 'string'
        }) }} as event
    from rows_of_tables

),

dated as (

    select
        row_json,
        is_intraday,
        kept.event.stream_id,
        coalesce(
            kept.event.event_date,
            replace(cast({{ utc_date(ga4_moment('kept.event.event_timestamp')) }} as string), '-', '')
        ) as event_day
    from kept

),

daily_tables as (

    select distinct
        event_day,
        stream_id
    from dated
    where not is_intraday

),

input_rows as (

    select
        dated.row_json,
        dated.is_intraday and daily_tables.event_day is not null as is_superseded
    from dated
    left join daily_tables
        on dated.event_day = daily_tables.event_day
        and dated.stream_id is not distinct from daily_tables.stream_id

)
{%- else -%}
input_rows as (

    select
        row_json,
        false as is_superseded
    from ({{ read_input_as_json(source('ga4', 'events'), 'ga4_path') }}) as rows_of_files

)
{%- endif -%}
{%- endmacro %}


{#- The parameters of an event as one text, in the order of their names: another export may list them in another order. -#}
{% macro ga4_params_text(params) -%}
    {{ return(adapter.dispatch('ga4_params_text', 'footfall')(params)) }}
{%- endmacro %}

{% macro default__ga4_params_text(params) -%}
    cast(list_sort({{ params }}) as string)
{%- endmacro %}

{% macro spark__ga4_params_text(params) -%}
    to_json(array_sort({{ params }}))
{%- endmacro %}


{#- The value of one event parameter of the GA4 export, of the field that holds its type. -#}
{% macro ga4_param(key, field, params='parsed.event_params') -%}
    {{ list_item(list_where(params, 'param', 'param.key = ' ~ sql_text(key)), '1') }}.value.{{ field }}
{%- endmacro %}


{#- The place of a GA4 event among those of one moment: by page, by batch of the page and by place in the batch, three
    numbers in one. Pages are numbered by the time in milliseconds at which they were opened: without its first digit,
    all three have room in a whole number of 64 bits. Empty where the export tells none of them. -#}
{% macro ga4_sequence_no(event) -%}
    case
            when coalesce({{ event }}.batch_page_id, {{ event }}.batch_ordering_id, {{ event }}.batch_event_index)
                is not null
                then coalesce({{ event }}.batch_page_id % 1000000000000, 0) * 1000000
                    + {{ at_most('coalesce(' ~ event ~ '.batch_ordering_id, 0)', '999') }} * 1000
                    + {{ at_most('coalesce(' ~ event ~ '.batch_event_index, 0)', '999') }}
        end
{%- endmacro %}


{#- The fields of the GA4 export that are used, as a shape for parsed_json. -#}
{% macro ga4_event_shape() %}
    {% set shape = {
        'stream_id': 'string', 'event_name': 'string', 'event_timestamp': 'string', 'is_active_user': 'boolean',
        'event_server_timestamp_offset': 'string', 'batch_page_id': 'bigint', 'batch_ordering_id': 'bigint',
        'batch_event_index': 'bigint', 'user_id': 'string', 'user_pseudo_id': 'string',
        'device': {'category': 'string'}, 'privacy_info': {'analytics_storage': 'string'},
        'geo': {'country': 'string'},
        'traffic_source': {'source': 'string'},
        'collected_traffic_source': {
            'manual_source': 'string', 'manual_medium': 'string', 'manual_campaign_name': 'string',
            'gclid': 'string', 'dclid': 'string', 'srsltid': 'string'
        },
        'session_traffic_source_last_click': {
            'cross_channel_campaign': {
                'campaign_name': 'string', 'source': 'string', 'medium': 'string', 'default_channel_group': 'string'
            },
            'google_ads_campaign': {'customer_id': 'string', 'campaign_name': 'string'},
            'manual_campaign': {'campaign_name': 'string', 'source': 'string', 'medium': 'string'}
        },
        'ecommerce': {'transaction_id': 'string', 'purchase_revenue': 'string', 'refund_value': 'string'}
    } %}
    {% do return(shape) %}
{% endmacro %}


{#- The two lists of the export as shapes: parameters and items. -#}
{% macro ga4_list_shapes() %}
    {% do return({
        'event_params': {'key': 'string', 'value': {
            'string_value': 'string', 'int_value': 'bigint', 'float_value': 'double', 'double_value': 'double'
        }},
        'items': {
            'item_id': 'string', 'item_name': 'string', 'item_brand': 'string', 'item_category': 'string',
            'item_category2': 'string', 'price': 'string', 'quantity': 'string', 'item_revenue': 'string',
            'item_refund': 'string'
        }
    }) %}
{% endmacro %}


{#- A list of the export as columns. Tools that load Parquet without list inference write it as an object
    `{"list": [{"element": …}]}`. Empty where it has neither form. -#}
{% macro ga4_list(row_json, name) -%}
    {%- set shape = ga4_list_shapes()[name] -%}
    {%- set part = json_part(row_json, '$.' ~ name) -%}
    {{ computed_once(
        'case when ' ~ is_json_list(part) ~ ' then ' ~ parsed_json(part, [shape])
        ~ ' when ' ~ is_json_list(json_part(row_json, '$.' ~ name ~ '.list'))
        ~ ' then ' ~ list_of_fields(parsed_json(part, {'list': [{'element': shape}]}) ~ '.list', 'element') ~ ' end'
    ) }}
{%- endmacro %}


{#- The reason to reject a row one of whose lists is there and has another form, else null. -#}
{% macro ga4_list_problem(row_json, name, list) -%}
    case
            when {{ list }} is null and {{ json_text(row_json, '$.' ~ name) }} is not null
                then {{ sql_text(name ~ ' is no list, as it is in the export of GA4 to BigQuery') }}
        end
{%- endmacro %}


{#- Where a visit came from according to an event, as a list of source, medium and campaign: what Google made of the
    session, else a click on one of its adverts, else what was collected with the event, else the id of another click in the
    address of the page (Google takes such a visit for one of a search or a link), else a click on a free listing of a shop
    (srsltid). Nothing at all is a direct visit. -#}
{% macro ga4_traffic(event, params) -%}
    {%- set last_click = event ~ '.session_traffic_source_last_click' -%}
    {%- set collected = event ~ '.collected_traffic_source' -%}
    {%- set page = ga4_param('page_location', 'string_value', params) -%}
    {%- set campaign_of_click = 'coalesce(' ~ event_text(collected ~ '.manual_campaign_name') ~ ', '
        ~ event_text(ga4_param('campaign', 'string_value', params)) ~ ')' -%}
    {{ computed_once(
        'case when ' ~ event_text(last_click ~ '.cross_channel_campaign.source') ~ ' is not null then '
        ~ texts_of(last_click ~ '.cross_channel_campaign', ['source', 'medium', 'campaign_name'])
        ~ ' when ' ~ last_click ~ '.google_ads_campaign.customer_id is not null then '
        ~ list_of(["'google'", "'cpc'", event_text(last_click ~ '.google_ads_campaign.campaign_name')])
        ~ ' when ' ~ event_text(last_click ~ '.manual_campaign.source') ~ ' is not null then '
        ~ texts_of(last_click ~ '.manual_campaign', ['source', 'medium', 'campaign_name'])
        ~ ' when ' ~ event_text(collected ~ '.gclid') ~ ' is not null or ' ~ matches(page, '[?&](gclid|gbraid|wbraid)=')
        ~ ' then ' ~ list_of(["'google'", "'cpc'", campaign_of_click])
        ~ ' when ' ~ event_text(collected ~ '.dclid') ~ ' is not null then '
        ~ list_of(["'google'", "'display'", campaign_of_click])
        ~ ' when coalesce(' ~ event_text(collected ~ '.manual_source') ~ ', '
        ~ event_text(collected ~ '.manual_medium') ~ ', ' ~ event_text(collected ~ '.manual_campaign_name')
        ~ ') is not null then '
        ~ texts_of(collected, ['manual_source', 'manual_medium', 'manual_campaign_name'])
        ~ ' when ' ~ click_part(page, 'source') ~ ' is not null and coalesce(lower('
        ~ event_text(ga4_param('medium', 'string_value', params)) ~ "), '(none)') in ('organic', 'referral', '(none)') then "
        ~ list_of([click_part(page, 'source'), click_part(page, 'medium'), campaign_of_click])
        ~ ' when coalesce(' ~ event_text(ga4_param('source', 'string_value', params)) ~ ', '
        ~ event_text(ga4_param('medium', 'string_value', params)) ~ ') is not null then '
        ~ list_of([
            event_text(ga4_param('source', 'string_value', params)),
            event_text(ga4_param('medium', 'string_value', params)),
            event_text(ga4_param('campaign', 'string_value', params))
        ])
        ~ ' when ' ~ event_text(collected ~ '.srsltid') ~ ' is not null then '
        ~ list_of(["'google'", "'organic'", 'cast(null as string)'])
        ~ ' else ' ~ list_of(["'(direct)'", "'(none)'", 'cast(null as string)']) ~ ' end'
    ) }}
{%- endmacro %}

{% macro event_text(sql) -%}
    {{ text_value(text_column(sql)) }}
{%- endmacro %}

{% macro texts_of(record, fields) -%}
    {%- set texts = [] -%}
    {%- for field in fields -%}
    {%- do texts.append(event_text(record ~ '.' ~ field)) -%}
    {%- endfor -%}
    {{ list_of(texts) }}
{%- endmacro %}


{#- Which arm of which experiment an exposure names: tool, experiment and arm with hyphens between them, as Google asks
    tools to write them (ABC-F2948574-3495F49); of two parts, experiment and arm. -#}
{% macro ga4_experiment(arm_of_experiment) -%}
    coalesce(
            nullif({{ without_match(without_match(arm_of_experiment, '-[^-]*$'), '^[^-]*-') }}, ''),
            {{ arm_of_experiment }}
        )
{%- endmacro %}

{% macro ga4_arm(arm_of_experiment) -%}
    case when {{ arm_of_experiment }} like '%-%' then {{ without_match(arm_of_experiment, '^.*-') }} end
{%- endmacro %}


{#- What a list of GA4 items is worth together. -#}
{% macro ga4_items_value(items) -%}
    {{ list_total(
        items, 'item', 'coalesce(try_cast(item.item_revenue as double),'
        ~ ' try_cast(item.price as double) * coalesce(try_cast(item.quantity as double), 1e0),'
        ~ ' try_cast(item.item_refund as double))'
    ) }}
{%- endmacro %}


{#- How much of what its items are worth was paid for an order: an order that is worth less than its items has a
    discount, such as a coupon. One that is worth more holds shipping or tax, which count nowhere. A refund that gives back
    less than its items are worth repeats their list prices. -#}
{% macro ga4_paid_share(alias) -%}
    case
            when {{ alias }}.event_type = 'purchase'
                and {{ alias }}.count_items > 0
                and {{ alias }}.purchase_revenue > 0e0
                and {{ alias }}.purchase_revenue < {{ alias }}.items_value - 0.005e0
                then {{ alias }}.purchase_revenue / {{ alias }}.items_value
            when {{ alias }}.event_type = 'refund'
                and {{ alias }}.count_items > 0
                and coalesce({{ alias }}.refund_value, {{ alias }}.event_value) > 0e0
                and coalesce({{ alias }}.refund_value, {{ alias }}.event_value) < {{ alias }}.items_value - 0.005e0
                then coalesce({{ alias }}.refund_value, {{ alias }}.event_value) / {{ alias }}.items_value
            else 1e0
        end
{%- endmacro %}


{#- What else an event says; of an exposure also which arm of which experiment was shown. -#}
{% macro ga4_properties(alias) -%}
    {%- set fields = {
        'source_event_name': alias ~ '.source_event_name',
        'page_location': alias ~ '.page_location',
        'search_term': alias ~ '.search_term',
        'is_active_user': alias ~ '.is_active_user'
    } -%}
    {{ with_exposure(
        alias, fields, ga4_experiment(alias ~ '.arm_of_experiment'), ga4_arm(alias ~ '.arm_of_experiment')
    ) }}
{%- endmacro %}
