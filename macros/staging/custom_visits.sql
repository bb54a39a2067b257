{#- What says where a visit to own pages came from and is no column of the contract: the address of the page, that of the page
    which led there, and the ids of clicks. -#}
{% macro custom_visit_inputs() %}
    {% do return(['page_url', 'referrer'] + click_id_names()) %}
{% endmacro %}


{#- The columns of a visit of a row of events; a landing page is the path alone. Without any address or id of a click they are what the row says of them. -#}
{% macro custom_visits(clean) -%}
    {%- set there = [] -%}
    {%- for name in custom_visit_inputs() if clean[name] is not none -%}{%- do there.append(name) -%}{%- endfor -%}
    {%- if not there -%}
    {{ text_values(clean, visit_columns() | reject('equalto', 'landing_page') | list) }},
        {{ page_path(text_value(clean.landing_page)) }} as landing_page
    {%- else -%}
    {%- set page = text_value(clean.page_url) -%}
    {%- set host = host_of(page) -%}
    {#- Trackers that repeat the link of an earlier visit are asked only where a row has no page of its own. -#}
    {%- set on_page = host ~ ' is null' if var('custom_campaigns_are_kept') and clean.page_url is not none else none -%}
    {%- set said = {} -%}
    {%- for name in visit_columns() + click_id_names() if name == 'traffic_source' or clean[name] is not none -%}
        {%- set value = text_value(clean[name]) -%}
        {%- do said.update({
            name: 'case when ' ~ on_page ~ ' then ' ~ value ~ ' end' if on_page and name != 'landing_page' else value
        }) -%}
    {%- endfor -%}
    {%- set clicks = {} -%}
    {%- for name in click_id_names() if name in said -%}{%- do clicks.update({name: said[name]}) -%}{%- endfor -%}
    {%- set nothing = 'cast(null as string)' -%}
    {%- set is_web = '(' ~ host ~ ' is not null or ' ~ text_value(clean.referrer) ~ ' is not null)' -%}
    {{ traffic_columns(
        {
            'source': said.traffic_source, 'medium': said.get('traffic_medium', nothing),
            'campaign': said.get('campaign', nothing)
        },
        page,
        {'source': custom_led_from(clean), 'medium': "'referral'"},
        'case when ' ~ is_web ~ " then '(direct)' end", 'case when ' ~ is_web ~ " then '(none)' end",
        clicks
    ) }},
        {{ page_path('coalesce(' ~ said.get('landing_page', nothing) ~ ', ' ~ page ~ ')') }} as landing_page
    {%- endif -%}
{%- endmacro %}


{#- The site that led to the page of a row, if it is not the shop itself. Where nothing says which host is the shop's own,
    only sites that are known count: search engines, social networks and others of seeds/source_categories.csv. -#}
{% macro custom_led_from(clean) -%}
    {%- set outside = host_outside(host_of(text_value(clean.referrer)), host_of(text_value(clean.page_url))) -%}
    {%- if clean.referrer is none -%}
    cast(null as string)
    {%- elif var('shop_hosts') -%}
    {{ outside }}
    {%- else -%}
    case when not {{ custom_is_of_unknown_site(clean) }} then {{ outside }} end
    {%- endif -%}
{%- endmacro %}


{#- Whether a row names a page that led there, and neither it nor the row's own page says whether that is the shop's. -#}
{% macro custom_is_of_unknown_site(clean) -%}
    {%- set led_from = host_of(text_value(clean.referrer)) -%}
    ({{ host_of(text_value(clean.page_url)) }} is null
        and coalesce({{ led_from }} like '%.%', false)
        and {{ site_name(led_from) }} not in (select source_name from {{ ref('source_categories') }}))
{%- endmacro %}


{#- A note on a page that led to a visit and may be the shop's own. -#}
{% macro custom_visit_notes(clean) %}
    {% if clean.referrer is none or var('shop_hosts') %}
        {% do return([]) %}
    {% endif %}
    {% do return([{
        'column': 'referrer', 'when': custom_is_of_unknown_site(clean), 'example': host_of(text_value(clean.referrer)),
        'reason': "'nothing says whether this site is the shop itself, so it does not count: name page_url, or var shop_hosts'"
    }]) %}
{% endmacro %}


{#- Who a row is of, where trackers have one id for both: that of the device before the login, and that of the customer after
    it (distinct_id). `part` is customer_id or device_id. A row with a device of its own names its customer, if there is one,
    elsewhere. Else the id is of a device if it says so, if the row says that nobody is known, or if it looks like those that
    trackers draw. -#}
{% macro custom_owner(clean, part) -%}
    {%- if clean.distinct_id is none -%}
    {{ owner_id_value(clean[part]) }}
    {%- else -%}
    case
            when {{ owner_id_value(clean[part]) }} is not null then {{ owner_id_value(clean[part]) }}
            {%- if part == 'customer_id' %}
            when {{ owner_id_value(clean.device_id) }} is null and not {{ custom_is_of_device(clean) }}
                then {{ owner_id_value(clean.distinct_id) }}
            {%- else %}
            when {{ custom_is_of_device(clean) }}
                then {{ without_match(owner_id_value(clean.distinct_id), '^[$]device:') }}
            {%- endif %}
        end
{%- endif -%}
{%- endmacro %}


{#- Whether that id is one of a device. -#}
{% macro custom_is_of_device(clean) -%}
    {%- set id = owner_id_value(clean.distinct_id) -%}
    coalesce(case
            when {{ id }} like '$device:%' then true
            {%- if clean.is_identified is not none %}
            when {{ boolean_value(clean.is_identified) }} is not null then not {{ boolean_value(clean.is_identified) }}
            {%- endif %}
            else {{ matches(id, '^[0-9A-Fa-f]{8,}(-[0-9A-Fa-f]+){3,4}$') }}
        end, false)
{%- endmacro %}
