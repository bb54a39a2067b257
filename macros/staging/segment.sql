{#- What a list of Segment products costs together, before the discount of the order. -#}
{% macro segment_value_of(products) -%}
    {{ list_total(
        products, 'product', 'try_cast(coalesce(product.price, product.unitprice) as double) * coalesce(try_cast(product.quantity as double), 1e0)'
    ) }}
{%- endmacro %}


{#- Whether a message is about one product, which is among its properties. In the first version of Segment's names the
    property is called id, as are the ids of messages in tables of a warehouse. -#}
{% macro segment_names_a_product(message) -%}
    {%- set properties = message ~ '.properties' -%}
    (coalesce({{ properties }}.product_id, {{ properties }}.sku, {{ properties }}.itemid) is not null
        or {{ properties }}.id is not null
        and {{ properties }}.id is distinct from {{ message }}.messageid
        and lower({{ message }}.event) in ('viewed product', 'added product', 'removed product'))
{%- endmacro %}


{#- The id of a Segment product: its product_id, else its sku, else its item id, else its id (the first version of Segment's names). -#}
{% macro segment_item_id(product) -%}
    coalesce(
            {{ id_value(text_column(product ~ '.product_id')) }},
            {{ id_value(text_column(product ~ '.sku')) }},
            case
                when coalesce({{ product }}.product_id, {{ product }}.sku) is null
                    then coalesce(
                        {{ id_value(text_column(product ~ '.itemid')) }},
                        {{ id_value(text_column(product ~ '.id')) }}
                    )
            end
        )
{%- endmacro %}


{#- Other spellings of the properties that are used, by the name that Segment's documentation has: its libraries pass on
    what a shop's page sends, in whatever case. -#}
{% macro segment_spellings() %}
    {% do return({
        'order_id': ['orderId', 'orderID', 'OrderId', 'OrderID'],
        'product_id': ['productId', 'productID', 'ProductId', 'ProductID'],
        'itemid': ['itemId', 'itemID', 'item_id'],
        'sku': ['SKU', 'Sku', 'productSku', 'productSKU', 'product_sku'],
        'name': ['productName', 'ProductName', 'product_name'],
        'brand': ['productBrand', 'product_brand'],
        'category': ['productCategory', 'product_category'],
        'price': ['Price'],
        'unitprice': ['unitPrice', 'UnitPrice', 'unit_price', 'productPrice', 'product_price', 'itemPrice', 'item_price'],
        'quantity': ['Quantity', 'qty', 'Qty', 'productQuantity', 'product_quantity']
    }) %}
{% endmacro %}


{#- A message with the documented names in the place of other spellings. A name stands in quotes of its own, with a colon
    behind it: values stay, and inside of a text quotes are escaped. Names of another meaning (a unit price may be that
    before a rebate) get fields of their own, which count where the documented one is missing. -#}
{% macro segment_spelling(message_json) -%}
    {%- set spelled = namespace(sql=message_json, names=[]) -%}
    {%- for name, spellings in segment_spellings().items() -%}
        {%- do spelled.names.extend(spellings) -%}
        {%- set spelled.sql = replaced(spelled.sql, '"(?:' ~ spellings | join('|') ~ ')"[ ]*:', '"' ~ name ~ '":') | trim -%}
    {%- endfor -%}
    case
            when {{ matches(message_json, '"(' ~ spelled.names | join('|') ~ ')"[ ]*:') }} then {{ spelled.sql }}
            else {{ message_json }}
        end
{%- endmacro %}


{#- The products of a message as the text of a JSON list; null where there is none. Some libraries send the list as a text,
    or one product without a list around it. -#}
{% macro segment_product_list(message) -%}
    {%- set products = message ~ '.properties.products' -%}
    {%- set text = json_text(products, '$') -%}
    case
            when {{ is_json_list(products) }} then cast({{ products }} as string)
            when {{ products }} is null or not {{ is_json(text) }} then null
            when left(trim({{ text }}), 1) = '[' then {{ text }}
            when {{ is_json_object(text) }} then '[' || {{ text }} || ']'
        end
{%- endmacro %}


{#- A note on a product without an id: its line has no item. -#}
{% macro segment_product_notes(line) %}
    {% do return([{
        'column': 'item_id', 'example': none,
        'reason': "'a product without an id that is read (product_id, sku, id), so the line has no item'",
        'when': '(' ~ line ~ '.count_products > 0 and ' ~ segment_item_id(line ~ '.product') ~ ' is null)'
    }]) %}
{% endmacro %}


{#- Notes on a row of `tracks` whose event has tables, and whose own row is not there: products and money are in that; and on
    a message whose products are neither a list nor one product. -#}
{% macro segment_message_notes(message) %}
    {% set text = json_text(message ~ '.properties.products', '$') %}
    {% do return([
        {
            'column': 'event', 'example': message ~ '.event', 'when': 'coalesce(' ~ message ~ '.lacksownrow, false)',
            'reason': "'a row of tracks that has none in the table of its event (yet): what only that table holds is missing'"
        },
        {
            'column': 'products', 'reason': "'no list of products, so none of them is read'", 'example': text,
            'when': '(' ~ message ~ '.properties.products is not null and coalesce(trim(' ~ text ~ "), '') <> '' and "
                ~ segment_product_list(message) ~ ' is null)'
        }
    ]) %}
{% endmacro %}


{#- The fields of a Segment product that are used, as a shape for parsed_json. -#}
{% macro segment_product_shape() %}
    {% do return({
        'product_id': 'string', 'sku': 'string', 'id': 'string', 'name': 'string', 'brand': 'string', 'category': 'string',
        'price': 'string', 'quantity': 'string', 'itemid': 'string', 'unitprice': 'string'
    }) %}
{% endmacro %}


{#- The address of the page of a message, or of the page that led there: from the context, else from the properties of a
    page call, which libraries of servers send alone. -#}
{% macro segment_page(message, field) -%}
    coalesce(
            {{ event_text(message ~ '.context.page.' ~ field) }},
            case when {{ message }}.type = 'page' then {{ event_text(message ~ '.properties.' ~ field) }} end
        )
{%- endmacro %}


{#- Where a visit came from according to a Segment message: its campaign, the id of a click in the address of its page, or
    the page that led there, if it is of another site. Messages of servers and apps have no page, and say nothing. -#}
{% macro segment_traffic(message, clean) -%}
    {%- set page = 'parsed.page_url' -%}
    {%- set outside = host_outside('parsed.led_from', 'parsed.host') -%}
    {{ traffic_columns(
        {
            'source': text_value(clean.traffic_source), 'medium': text_value(clean.channel),
            'campaign': text_value(clean.campaign)
        },
        page,
        {'source': outside, 'medium': "'referral'"},
        'case when ' ~ page ~ " is not null then '(direct)' end",
        'case when ' ~ page ~ " is not null then '(none)' end"
    ) }}
{%- endmacro %}


{#- Notes on an order whose revenue is not what its products come to after the discount. -#}
{% macro segment_order_notes(alias) %}
    {% do return(order_value_notes(
        'revenue', alias ~ '.order_value',
        '(' ~ alias ~ '.products_value - coalesce(' ~ alias ~ '.discount, 0e0))',
        alias ~ ".line_no = 1 and " ~ alias ~ ".event_type in ('purchase', 'order_update') and " ~ alias
        ~ '.products_value > 0e0',
        alias ~ '.discount is null'
    )) %}
{% endmacro %}


{#- A note on a refund that states less than its products cost. -#}
{% macro segment_refund_notes(line) %}
    {% do return(refund_value_notes(
        'total', line ~ '.order_value', line ~ '.products_value',
        line ~ ".line_no = 1 and " ~ line ~ ".event_type = 'refund' and not " ~ line ~ '.is_cancellation'
    )) %}
{% endmacro %}


{#- Which arm of which experiment a Segment message shows, by id where it has one and by name else. -#}
{% macro segment_exposure(properties) -%}
    coalesce({{ properties }}.experiment_id, {{ properties }}.experiment_name) as experiment_id,
        coalesce({{ properties }}.variation_id, {{ properties }}.variation_name) as variant_id
{%- endmacro %}


{#- Raw messages of Segment as JSON texts in the column `row_json`: as they were sent, or put together from the tables that
    Segment fills in a warehouse (var segment_schema, or files of them). -#}
{% macro segment_messages(relation) -%}
    {%- if not execute -%}
    select cast(null as string) as row_json
    {%- else -%}
    {%- set inputs = segment_inputs(relation) -%}
    {%- set selects = [] -%}
    {%- for part in inputs if part.shape == 'messages' -%}
        {%- do selects.append(rows_as_json([part])) -%}
    {%- endfor -%}
    {%- set tracks = inputs | selectattr('shape', 'equalto', 'tracks') | list -%}
    {%- set events = inputs | selectattr('shape', 'equalto', 'event') | list -%}
    {%- if tracks or events -%}
        {%- do selects.append('select ' ~ segment_message("'track'", 'row_values') ~ ' as row_json from ('
            ~ segment_tracks(tracks, events) ~ ') as tracks') -%}
    {%- endif -%}
    {%- for part in inputs if part.shape in ('page', 'screen', 'identify') -%}
        {%- do selects.append('select ' ~ segment_message(sql_text(part.shape), 'row_values') ~ ' as row_json from ('
            ~ segment_rows([part]) ~ ') as calls') -%}
    {%- endfor -%}
    {{ selects | join('\n    union all\n    ') if selects else 'select cast(null as string) as row_json where false' }}
    {%- endif -%}
{%- endmacro %}


{#- What is to be read of Segment, as a list of {shape, table, rows} (tables) and {shape, kind, files} (messages). Tables
    that hold no events are left out, and named. -#}
{% macro segment_inputs(relation) %}
    {% set inputs = [] %}
    {% set left_out = [] %}
    {% if var('segment_schema') %}
        {% set names = tables_of_schema(var('segment_schema')) %}
        {% for name in names %}
            {% set table = sql_relation(var('segment_schema')) ~ '.' ~ sql_name(name) %}
            {% do inputs.append({
                'table': name, 'rows': table, 'shape': ask_program('segment_kind', {
                    'name': name, 'columns': input_columns(table).keys() | list,
                    'has_tracks': (names | join(' ') | lower ~ ' ').startswith('tracks') or ' tracks' in names | join(' ') | lower
                })
            }) %}
        {% endfor %}
    {% else %}
        {% for one in segment_files(relation) %}
            {% do one.update({'files': [one.file]}) %}
            {% do one.update({'rows': rows_of_files(one)}) if one.shape not in ('messages', 'none') %}
            {% do inputs.append(one) %}
        {% endfor %}
    {% endif %}
    {% for one in inputs if one.shape in ('none', none) %}
        {% do left_out.append(one.table) %}
    {% endfor %}
    {% if left_out and log is defined %}
        {% do log('Source segment does not read what holds no events: ' ~ left_out | unique | join(', '), info=true) %}
    {% endif %}
    {% do return(inputs) %}
{% endmacro %}


{#- Whether tables that Segment fills in a warehouse are read, and not messages alone. -#}
{% macro segment_holds_tables() %}
    {% if var('segment_schema') %}
        {% do return(true) %}
    {% endif %}
    {% set files = segment_files({'schema': 'segment', 'identifier': 'messages'}) %}
    {% do return(files | rejectattr('shape', 'equalto', 'messages') | list | length > 0) %}
{% endmacro %}


{#- The files of var segment_path, each as {root, file, kind, shape, table}. -#}
{% macro segment_files(relation) %}
    {% set places = [] %}
    {% for part in input_parts(relation, 'segment_path', ['parquet', 'text', 'json']) %}
        {% for file in part.files %}
            {% do places.append({'root': part.path, 'file': file, 'kind': part.kind}) %}
        {% endfor %}
    {% endfor %}
    {% do return(ask_program('segment_tables', {'name': 'segment_path', 'places': places})) %}
{% endmacro %}


{#- The rows of tables of Segment's, by id: each as one JSON text of the columns that are not empty, in lower case. -#}
{% macro segment_rows(parts) -%}
    {%- for part in parts %}
    {%- set columns = input_columns(part.rows) -%}
    {%- set named = {} -%}
    {%- for name, column in columns.items() if not name.startswith('footfall_') -%}
        {%- do named.update({name: 'input_rows.' ~ sql_name(column.name)}) -%}
    {%- endfor -%}
    {%- if part.shape == 'event' and not ('event' in named or 'event_text' in named) -%}
        {%- do named.update({'event': sql_text(part.table)}) -%}
    {%- endif %}
    select
        row_id,
        row_values,
        row_number() over (partition by row_id order by row_values) as copy_no
    from (
        select
            cast({{ named['id'] }} as string) as row_id,
            {{ without_nulls(json_of(named)) }} as row_values
        from {{ part.rows }} as input_rows
    ) as named_rows
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- The rows of `tracks`, each completed by the row of its event's own table with the same id, which may come later. -#}
{% macro segment_tracks(tracks, events) -%}
    {%- if not tracks or not events -%}
    {{ segment_rows(tracks or events) }}
    {%- else -%}
    select
        case
            when tracks.row_values is null then events.row_values
            when events.row_values is null
                then {{ merged_json('tracks.row_values', json_of({'lacks_own_row': "'true'"})) }}
            else {{ merged_json('tracks.row_values', 'events.row_values') }}
        end as row_values
    from ({{ segment_rows(tracks) }}) as tracks
    full outer join ({{ segment_rows(events) }}) as events
        on tracks.row_id = events.row_id
        and tracks.copy_no = events.copy_no
    {%- endif -%}
{%- endmacro %}


{#- A row of a table of Segment's, as JSON text, as the message that it was made of. -#}
{% macro segment_message(message_type, row_values) -%}
    {%- set of = {} -%}
    {%- for name in [
        'id', 'event', 'event_text', 'anonymous_id', 'user_id', 'timestamp', 'original_timestamp', 'sent_at', 'received_at',
        'session_id', 'products', 'context_session_id', 'context_device_type', 'context_campaign_source',
        'context_campaign_medium', 'context_campaign_name', 'context_location_country', 'context_ip',
        'context_user_agent_data_mobile', 'context_page_url', 'context_page_referrer', 'lacks_own_row'
    ] -%}
        {%- do of.update({name: json_text(row_values, '$.' ~ name)}) -%}
    {%- endfor -%}
    {{ json_of({
        'type': message_type,
        'event': 'coalesce(' ~ of.event_text ~ ", replace(" ~ of.event ~ ", '_', ' '))",
        'messageId': of.id,
        'lacksOwnRow': of.lacks_own_row,
        'anonymousId': of.anonymous_id,
        'userId': of.user_id,
        'timestamp': 'coalesce(' ~ [of.timestamp, of.original_timestamp, of.sent_at] | join(', ') ~ ')',
        'receivedAt': of.received_at,
        'context': raw_row_as_json(json_of({
            'ip': of.context_ip,
            'sessionId': 'coalesce(' ~ of.context_session_id ~ ', ' ~ of.session_id ~ ')',
            'device': raw_row_as_json(json_of({'type': of.context_device_type})),
            'campaign': raw_row_as_json(json_of({
                'source': of.context_campaign_source, 'medium': of.context_campaign_medium,
                'name': of.context_campaign_name
            })),
            'location': raw_row_as_json(json_of({'country': of.context_location_country})),
            'userAgentData': raw_row_as_json(json_of({'mobile': of.context_user_agent_data_mobile})),
            'page': raw_row_as_json(json_of({'url': of.context_page_url, 'referrer': of.context_page_referrer}))
        })),
        'traits': raw_row_as_json('case when ' ~ message_type ~ " = 'identify' then " ~ row_values ~ ' end'),
        'properties': raw_row_as_json(
            'case when ' ~ is_json(of.products) ~ ' then ' ~ merged_json(
                row_values, json_of({'products': raw_row_as_json(of.products)})
            ) ~ ' else ' ~ row_values ~ ' end'
        )
    }) }}
{%- endmacro %}


{#- The names of the tables and views of a schema, sorted. -#}
{% macro tables_of_schema(name) %}
    {% set parts = modules.re.findall('"(?:[^"]|"")*"|[^."]+', name) %}
    {% set bare = [] %}
    {% for part in parts %}
        {% do bare.append(part[1:-1].replace('""', '"') if part.startswith('"') else part | trim) %}
    {% endfor %}
    {% set found = run_query(
        'select distinct table_name from information_schema.tables where lower(table_schema) = ' ~ sql_text(bare[-1] | lower)
        ~ (' and lower(table_catalog) = ' ~ sql_text(bare[0] | lower) if bare | length > 1 else '')
        ~ ' order by table_name'
    ).columns[0].values() | list %}
    {% if not found %}
        {% do exceptions.raise_compiler_error(
            "var 'segment_schema' is '" ~ name ~ "', and the warehouse has no table in a schema of that name: load "
            ~ "Segment's tables into it, or name files by var segment_path."
        ) %}
    {% endif %}
    {% do return(found) %}
{% endmacro %}


{#- The attributes of a customer: of the traits those that var segment_traits names, as JSON text; null where there are
    none. -#}
{% macro segment_attributes(traits) -%}
    {%- set fields = {} -%}
    {%- for name in var('segment_traits') or [] -%}
        {#- Tables of a warehouse write address.city as address_city. -#}
        {%- do fields.update({
            name: 'coalesce(' ~ json_text(traits, json_path(name.split('.'))) ~ ', '
                ~ json_text(traits, json_path([name.replace('.', '_')])) ~ ')'
        }) -%}
    {%- endfor -%}
    {{ without_nulls(json_of(fields)) if fields else 'cast(null as string)' }}
{%- endmacro %}
