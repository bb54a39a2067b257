{#- What Snowplow's files or tables hold: `sql`, a query that gives each event as JSON text in `row_json`, with its
    entities in columns or in `contexts`; and the layout, as footfall.builds.snowplow finds it. -#}
{% macro snowplow_input() %}
    {% if not execute %}
        {% do return({
            'sql': 'select cast(null as string) as row_json',
            'layout': {'entities': [], 'has_archive': true, 'columns': []}
        }) %}
    {% endif %}
    {% set named = var('snowplow_relation') or var('snowplow_path') %}
    {% set events = [] %}
    {% set entities = {} %}
    {% for group in snowplow_groups() %}
        {% if group.table is none %}
            {% do events.append(group) %}
        {% elif group.column is not none %}
            {% do entities.setdefault(group.folder, {}).setdefault(group.column, []).append(group.rows) %}
        {% endif %}
    {% endfor %}
    {% set queries = [] %}
    {% set names = [] %}
    {% for group in events %}
        {% set tables = entities.get(group.folder, {}) %}
        {% do queries.append(snowplow_rows(group, tables)) %}
        {% do names.extend(tables.keys()) %}
        {% do names.extend(group.columns.keys()) %}
    {% endfor %}
    {% do return({
        'sql': queries | join('\n    union all\n    '),
        'layout': ask_program('snowplow_layout', {'value': named | string, 'columns': names})
    }) %}
{% endmacro %}


{#- Events and tables of one entity, each a list of files of one kind or a table of the warehouse: {table, column, rows,
    columns, lines}. `rows` is a from clause; `lines` says that it gives JSON lines. -#}
{% macro snowplow_groups() %}
    {% set groups = [] %}
    {% set relation_name = var('snowplow_relation') %}
    {% if relation_name %}
        {% set parts = [{'kind': 'relation', 'files': tables_of_entities(relation_name)}] %}
    {% else %}
        {% set parts = input_parts(source('snowplow', 'events'), 'snowplow_path', ['parquet', 'text', 'json']) %}
    {% endif %}
    {% for group in ask_program('snowplow_tables', {'parts': parts}) %}
        {#- Of a schema the table that was named holds the events. -#}
        {% if group.kind == 'relation' and group.table is not none and group.column is not none %}
            {% do groups.append(with_columns(group, sql_relation(table_next_to(relation_name, group.files[0])))) %}
        {% elif group.kind == 'json' and group.table is none %}
            {% set keys = keys_of_json_lines(group.files) %}
            {% if keys == keys | map('lower') | list %}
                {% do groups.append(with_keys_as_columns(group, keys)) %}
            {% else %}
                {#- Keys in capitals, as Snowflake writes them, become columns. -#}
                {% do groups.append(with_columns(group, rows_of_files(group))) %}
            {% endif %}
        {% elif group.kind != 'relation' and (group.table is none or group.column is not none) %}
            {% do groups.append(with_columns(group, rows_of_files(group))) %}
        {% endif %}
    {% endfor %}
    {% if relation_name %}
        {% do groups.append(with_columns(
            {'table': none, 'column': none, 'folder': '.'}, sql_relation(relation_name)
        )) %}
    {% endif %}
    {% do return(groups) %}
{% endmacro %}

{% macro with_columns(group, rows) %}
    {% do group.update({'rows': rows, 'columns': input_columns(rows)}) %}
    {% do return(group) %}
{% endmacro %}

{% macro with_keys_as_columns(group, keys) %}
    {% set columns = {} %}
    {% for key in keys %}
        {% do columns.update({key: {'name': key, 'type': 'json'}}) %}
    {% endfor %}
    {% do group.update({'rows': rows_of_json_lines(group.files), 'columns': columns, 'lines': true}) %}
    {% do return(group) %}
{% endmacro %}


{#- The query of the events of one group as JSON texts, with the rows of tables of one entity as columns. -#}
{% macro snowplow_rows(group, entities) -%}
    {%- if group.lines and not entities -%}
    select {{ line_as_json() }} as row_json from {{ group.rows }}
    {%- elif group.lines -%}
    {%- set additions = {} -%}
    {%- for column in entities -%}
    {%- do additions.update({column: 'entities_of.' ~ sql_name(column)}) -%}
    {%- endfor %}
    select {{ merged_json('input_rows.row_json', json_of(additions)) }} as row_json
    {%- set events = '(select ' ~ line_as_json() ~ ' as row_json from ' ~ group.rows ~ ')' %}
    from {{ events }} as input_rows
    {{ snowplow_joined(
        entities, events, json_text('input_rows.row_json', '$.event_id'),
        text_column(json_text('input_rows.row_json', '$.collector_tstamp'))
    ) }}
    {%- elif not entities and group.columns.values() | map(attribute='name') | list == group.columns.keys() | list -%}
    select {{ json_of_row('input_rows') }} as row_json from {{ group.rows }} as input_rows
    {%- else -%}
    {%- set fields = {} -%}
    {%- for name, column in group.columns.items() -%}
    {%- do fields.update({name: 'input_rows.' ~ sql_name(column.name)}) -%}
    {%- endfor -%}
    {%- for column in entities -%}
    {%- do fields.update({column: 'entities_of.' ~ sql_name(column)}) -%}
    {%- endfor %}
    select {{ json_of(fields) }} as row_json
    from {{ group.rows }} as input_rows
    {%- if entities %}
    {{ snowplow_joined(
        entities, group.rows, fields.get('event_id', 'cast(null as string)'),
        input_column(group.columns, ['collector_tstamp'], 'input_rows')
    ) }}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- The join of all tables of one entity, each as a JSON list for each event. Where an event was loaded n times, so were
    the rows of its entities: of equal rows every n-th counts. `events` is the from clause of the events. -#}
{% macro snowplow_joined(entities, events, event_id, collected) -%}
    {%- set stacked = [] -%}
    {%- for column, tables in entities.items() -%}
    {%- for rows in tables -%}
    {%- set columns = input_columns(rows) -%}
    {%- if 'root_id' not in columns -%}{%- do raise_missing_columns(column, ['root_id'], columns) -%}{%- endif -%}
    {%- set rooted = input_column(columns, ['root_tstamp'], 'entity_rows') -%}
    {%- do stacked.append(
        'select ' ~ sql_text(column) ~ ' as entity_column, cast('
        ~ input_column(columns, ['root_id'], 'entity_rows').sql ~ ' as string) as root_id, ' ~ load_time(rooted)
        ~ ' as rooted_at, ' ~ json_of_row('entity_rows') ~ ' as entity from ' ~ rows ~ ' as entity_rows'
    ) -%}
    {%- endfor -%}
    {%- endfor %}
    left join (
        select
            {%- for column in entities %}
            {{ json_list("case when numbered.entity_column = " ~ sql_text(column) ~ ' then numbered.entity end') }}
                as {{ sql_name(column) }},
            {%- endfor %}
            numbered.root_id,
            numbered.rooted_at
        from (
            select
                *,
                row_number() over (
                    partition by root_id, rooted_at, entity_column, entity order by entity
                ) as copy_no
            from ({{ stacked | join('\n            union all\n            ') }})
        ) as numbered
        left join (
            select
                cast({{ event_id }} as string) as event_id,
                {{ load_time(collected) }} as collected_at,
                count(*) as load_count
            from {{ events }} as input_rows
            group by cast({{ event_id }} as string), {{ load_time(collected) }}
            having count(*) > 1
        ) as loaded
            on numbered.root_id = loaded.event_id
            and (numbered.rooted_at is null or numbered.rooted_at = loaded.collected_at)
        where (numbered.copy_no - 1) % coalesce(loaded.load_count, 1) = 0
        group by numbered.root_id, numbered.rooted_at
    ) as entities_of
        on cast({{ event_id }} as string) = entities_of.root_id
        and (entities_of.rooted_at is null or entities_of.rooted_at = {{ load_time(collected) }})
{%- endmacro %}


{#- The time that joins an event and its entities: written alike on both sides, so a plain cast reads it. -#}
{% macro load_time(column) -%}
    {{ 'try_cast(cast(' ~ column.sql ~ ' as string) as timestamp)' if column else 'cast(null as timestamp)' }}
{%- endmacro %}


{#- The tables of the schema that a relation is in, and the name of one of them in place of it. -#}
{% macro tables_of_entities(relation_name) %}
    {% set parts = relation_parts(relation_name) %}
    {% set where = [] %}
    {% if parts | length > 1 %}
        {% do where.append('lower(table_schema) = ' ~ sql_text(parts[-2] | replace('"', '') | lower)) %}
    {% endif %}
    {% if parts | length > 2 %}
        {% do where.append('lower(table_catalog) = ' ~ sql_text(parts[-3] | replace('"', '') | lower)) %}
    {% endif %}
    {% do return(run_query(
        'select distinct table_name from information_schema.tables where '
        ~ (where or ['true']) | join(' and ') ~ ' order by table_name'
    ).columns[0].values() | list) %}
{% endmacro %}

{% macro table_next_to(relation_name, table) %}
    {% do return((relation_parts(relation_name)[:-1] + ['"' ~ table ~ '"']) | join('.')) %}
{% endmacro %}


{% macro relation_parts(relation_name) %}
    {% do return(modules.re.findall('"(?:[^"]|"")*"|[^."]+', relation_name)) %}
{% endmacro %}


{#- The fields of an event that are used, as a shape for parsed_json, with the columns of one entity each. -#}
{% macro snowplow_event_shape(layout) %}
    {% set shape = {} %}
    {% for name in [
        'event_id', 'event', 'event_name', 'collector_tstamp', 'derived_tstamp', 'user_id', 'domain_userid',
        'network_userid', 'domain_sessionid', 'page_url', 'mkt_medium', 'mkt_source', 'mkt_campaign',
        'refr_source', 'refr_urlhost', 'refr_medium', 'dvce_type', 'geo_country', 'user_ipaddress',
        'unstruct_event', 'contexts', 'tr_orderid', 'tr_total', 'tr_tax', 'tr_shipping', 'tr_currency',
        'ti_orderid', 'ti_sku', 'ti_name', 'ti_category', 'ti_price', 'ti_quantity', 'ti_currency'
    ] %}
        {% do shape.update({name: 'string'}) %}
    {% endfor %}
    {% for entity in layout.entities %}
        {% do shape.update({entity.column: 'json'}) %}
    {% endfor %}
    {% do return(shape) %}
{% endmacro %}


{#- The entities of an event as one list of {schema, data}: those of the archive, and those of columns of their own. -#}
{% macro snowplow_entity_list(layout) -%}
    {%- set lists = [] -%}
    {%- if layout.has_archive or not layout.entities -%}
    {%- do lists.append(
        'case when ' ~ is_json('parsed.event.contexts') ~ ' then '
        ~ parsed_json('parsed.event.contexts', {'data': [{'schema': 'string', 'data': 'json'}]}) ~ '.data end'
    ) -%}
    {%- endif -%}
    {%- for entity in layout.entities -%}
    {%- do lists.append(
        described_entities('parsed.event.' ~ sql_name(entity.column), 'iglu:' ~ entity.schema ~ '/')
    ) -%}
    {%- endfor -%}
    {{ computed_once(lists[0] if lists | length == 1 else joined_lists(lists)) }}
{%- endmacro %}


{#- The entities of one kind that came with a Snowplow event, as a list; of the e-commerce schemas unless another
    vendor is named. -#}
{% macro snowplow_entities(kind, vendor='snowplow.ecommerce', list='described.entities') -%}
    {{ list_where(
        list, 'entity', 'entity.schema like ' ~ sql_text('%' ~ vendor ~ '/' ~ kind ~ '/%')
    ) }}
{%- endmacro %}


{#- The entities of a list that say which arm of which experiment was shown: those of Optimizely, and any that is called
    experiment and names both. -#}
{% macro snowplow_experiments(entities) -%}
    {{ list_where(
        entities, 'entity', "(entity.schema like '%/experiment/%' or entity.schema like '%optimizelyx/summary/%'"
        ~ " or entity.schema like '%/optimizely_summary/%' or entity.schema like '%com.optimizely/state/%')"
        ~ ' and ' ~ snowplow_experiment('entity.data') ~ ' is not null and ' ~ snowplow_arm('entity.data')
        ~ ' is not null'
    ) }}
{%- endmacro %}


{#- Which experiment such an entity is about, by id where it has one and by name else; and which arm was shown. -#}
{% macro snowplow_experiment(data) -%}
    {{ first_json_text(data, ['experiment_id', 'experimentId', 'id', 'experiment_name', 'experimentName', 'name']) }}
{%- endmacro %}

{% macro snowplow_arm(data) -%}
    {{ first_json_text(data, [
        'variant_id', 'variantId', 'variation_id', 'variationId', 'variant', 'variation', 'variant_name', 'variantName',
        'variation_name', 'variationName'
    ]) }}
{%- endmacro %}

{#- The first field of a JSON object that is there, as text. -#}
{% macro first_json_text(document, names) -%}
    {%- set texts = [] -%}
    {%- for name in names -%}
    {%- do texts.append(json_text(document, '$.' ~ name)) -%}
    {%- endfor -%}
    coalesce({{ texts | join(', ') }})
{%- endmacro %}


{#- The fields of a product entity that are used, as a shape for parsed_json. -#}
{% macro snowplow_product_shape() %}
    {% do return({
        'id': 'string', 'name': 'string', 'brand': 'string', 'category': 'string', 'currency': 'string',
        'price': 'string', 'list_price': 'string', 'quantity': 'string', 'inventory_status': 'string'
    }) %}
{% endmacro %}


{#- The first entity of one kind with the fields of a shape. -#}
{% macro snowplow_entity(kind, shape, vendor='snowplow.ecommerce') -%}
    {{ computed_once(parsed_json(list_item(snowplow_entities(kind, vendor), '1') ~ '.data', shape)) }}
{%- endmacro %}


{#- Why an event is no act of its own, else null: an e-commerce action without its type. -#}
{% macro snowplow_shape_problem(alias) -%}
    case
            when {{ alias }}.source_event_name = 'snowplow_ecommerce_action'
                then 'the type of snowplow_ecommerce_action is missing: it is in unstruct_event, or in a column named '
                    || 'unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1'
        end
{%- endmacro %}


{#- What a list of product entities costs together, before the discount of the order. -#}
{% macro snowplow_value_of(products) -%}
    {{ list_total(
        products, 'product',
        'try_cast(' ~ json_text('product.data', '$.price') ~ ' as double) * coalesce(try_cast('
        ~ json_text('product.data', '$.quantity') ~ ' as double), 1e0)'
    ) }}
{%- endmacro %}


{#- The share of the price of its lines that an order costs after its own discount. Where the lines add up to what the
    order says it costs, with or without shipping and tax, their prices hold the discount already. A refund that gives back
    less than its products cost repeats their list prices. -#}
{% macro snowplow_paid_share(alias) -%}
    {%- set total = alias ~ '.products_value' -%}
    {%- set revenue = alias ~ '.revenue' -%}
    {%- set discounted = '(' ~ total ~ ' - ' ~ alias ~ '.discount_amount)' -%}
    {%- set without_charges = '(' ~ revenue ~ ' - ' ~ alias ~ '.extra_charges)' -%}
    case
            when {{ alias }}.event_type = 'refund' and {{ alias }}.refund_amount < {{ total }} - 0.005e0
                then {{ alias ~ '.refund_amount / ' ~ total }}
            when coalesce({{ alias }}.discount_amount, 0e0) <= 0e0 or coalesce({{ total }}, 0e0) <= 0e0 then 1e0
            when abs({{ discounted }} - {{ revenue }}) > 0.011e0
                and abs({{ discounted }} - {{ without_charges }}) > 0.011e0
                and (abs({{ total }} - {{ revenue }}) <= 0.011e0 or abs({{ total }} - {{ without_charges }}) <= 0.011e0)
                then 1e0
            else {{ at_least('1e0 - ' ~ alias ~ '.discount_amount / ' ~ total, '0e0') }}
        end
{%- endmacro %}


{#- Notes on an order whose revenue, with or without shipping and tax, is not what its lines come to after discounts. -#}
{% macro snowplow_order_notes(alias) %}
    {% set lines = '(' ~ alias ~ '.products_value * ' ~ alias ~ '.paid_share)' %}
    {% set charges = alias ~ '.extra_charges' %}
    {% do return(order_value_notes(
        'revenue', alias ~ '.revenue', lines,
        alias ~ ".line_no = 1 and " ~ alias ~ ".event_type = 'purchase' and " ~ alias ~ '.count_products > 0 and abs('
        ~ alias ~ '.revenue - ' ~ charges ~ ' - ' ~ lines ~ ') > 0.011e0',
        'false'
    )) %}
{% endmacro %}


{#- Where a visit came from according to a Snowplow event: its campaign, the id of a click in the address of its page, or
    the page that led there, as Snowplow has classed it. A page of the shop itself is none. -#}
{% macro snowplow_traffic(event, clean) -%}
    {%- set kind = 'lower(' ~ text_value(clean.refr_medium) ~ ')' -%}
    {%- set name = 'coalesce(' ~ event_text(event ~ '.refr_source') ~ ', ' ~ event_text(event ~ '.refr_urlhost') ~ ', '
        ~ kind ~ ')' -%}
    {{ traffic_columns(
        {
            'source': text_value(clean.traffic_source), 'medium': text_value(clean.channel),
            'campaign': text_value(clean.campaign)
        },
        event ~ '.page_url',
        {
            'source': 'case when ' ~ kind ~ " <> 'internal' then " ~ name ~ ' end',
            'medium': 'case ' ~ kind ~ " when 'search' then 'organic' when 'paid' then 'cpc' when 'unknown' then 'referral'"
                ~ ' else ' ~ kind ~ ' end'
        }
    ) }}
{%- endmacro %}


{#- What else an event says, as JSON text: of an exposure which arm of which experiment was shown; of acts on a cart or in
    the checkout what the cart is worth, and the step. -#}
{% macro snowplow_properties(alias) -%}
    {%- set said = {'source_event_name': alias ~ '.source_event_name', 'page_url': alias ~ '.page_url'} -%}
    {%- set more = {
        'cart_value': alias ~ '.cart.total_value', 'checkout_step': alias ~ '.checkout_step.step',
        'payment_method': alias ~ '.checkout_step.payment_method',
        'delivery_method': alias ~ '.checkout_step.delivery_method', 'coupon_code': alias ~ '.checkout_step.coupon_code'
    } -%}
    case
            when {{ alias }}.act_type <> 'exposure' and coalesce({{ more.values() | join(', ') }}) is not null
                then {{ without_nulls(json_of(dict(said, **more))) }}
            else {{ with_exposure(alias, said, event_type='act_type') }}
        end
{%- endmacro %}
