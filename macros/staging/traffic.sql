{#- Where a visit of a web site came from, as the columns traffic_source, traffic_medium and campaign: what the link said
    (its utm parameters, as the tracker has taken them out or as they stand in the address of the page), else the id that an
    advert has put into it, else the page that the link was on. Where nothing led to the visit, `no_source` says what stands
    there: by default what Google writes for a direct visit.
    All arguments are SQL of texts, `link` and `referrer` dicts of them: {source, medium, campaign} and {source, medium};
    `clicks` is a dict of the ids of clicks that have columns of their own, by parameter. -#}
{% macro traffic_columns(link, page, referrer, no_source="'(direct)'", no_medium="'(none)'", clicks={}) -%}
    {%- set source = 'coalesce(' ~ link.source ~ ', ' ~ link_parameter(page, 'utm_source') ~ ')' -%}
    {%- set medium = 'coalesce(' ~ link.medium ~ ', ' ~ link_parameter(page, 'utm_medium') ~ ')' -%}
    {%- set campaign = 'coalesce(' ~ link.campaign ~ ', ' ~ link_parameter(page, 'utm_campaign') ~ ')' -%}
    case
            when {{ medium }} is not null or {{ click_part(page, 'source', clicks) }} is not null
                then coalesce({{ source }}, {{ click_part(page, 'source', clicks) }})
            when coalesce({{ source }}, {{ campaign }}) is not null then {{ source }}
            when {{ referrer.source }} is not null then {{ referrer.source }}
            else {{ no_source }}
        end as traffic_source,
        case
            when {{ medium }} is not null then {{ medium }}
            when {{ click_part(page, 'medium', clicks) }} is not null then {{ click_part(page, 'medium', clicks) }}
            when coalesce({{ source }}, {{ campaign }}) is not null then cast(null as string)
            when {{ referrer.source }} is not null then {{ referrer.medium }}
            else {{ no_medium }}
        end as traffic_medium,
        {{ campaign }} as campaign
{%- endmacro %}


{#- Whose advert or post a link was on, by the id that they put into it: parameters, source and medium. -#}
{% macro click_ids() %}
    {% do return([
        {'parameters': ['gclid', 'gbraid', 'wbraid'], 'source': 'google', 'medium': 'cpc'},
        {'parameters': ['dclid'], 'source': 'google', 'medium': 'display'},
        {'parameters': ['msclkid'], 'source': 'bing', 'medium': 'cpc'},
        {'parameters': ['yclid'], 'source': 'yandex', 'medium': 'cpc'},
        {'parameters': ['ttclid'], 'source': 'tiktok', 'medium': 'cpc'},
        {'parameters': ['twclid'], 'source': 'twitter', 'medium': 'cpc'},
        {'parameters': ['li_fat_id'], 'source': 'linkedin', 'medium': 'cpc'},
        {'parameters': ['fbclid'], 'source': 'facebook', 'medium': 'social'}
    ]) %}
{% endmacro %}


{#- The names of all of them, each a column that own files may have. -#}
{% macro click_id_names() %}
    {% do return(click_ids() | map(attribute='parameters') | sum(start=[])) %}
{% endmacro %}


{#- The source or medium that the id of a click stands for, in the address of a page or in a column of its own (`clicks`, SQL
    by parameter); empty where there is none. -#}
{% macro click_part(page, part, clicks={}) -%}
    case
            {%- for one in click_ids() %}
            when {{ matches(page, '[?&](' ~ one.parameters | join('|') ~ ')=.') }}
            {%- for name in one.parameters if name in clicks %} or {{ clicks[name] }} is not null{% endfor %}
                then '{{ one[part] }}'
            {%- endfor %}
        end
{%- endmacro %}


{#- The value of a parameter in the address of a page, decoded; empty where there is none, or a word for nothing. Searched for
    only in addresses that have such a parameter at all. -#}
{% macro link_parameter(page, name) -%}
    {%- set value = without_match(match_in(page, '[?&]' ~ name ~ '=[^&#]+'), '^[?&]' ~ name ~ '=') -%}
    case
            when {{ page }} like '%utm_%'
                then {{ text_value(text_column(decoded_address('replace(' ~ value ~ ", '+', ' ')"))) }}
        end
{%- endmacro %}


{#- A part of an address with its percent signs decoded; as it is where they are no text in UTF-8. -#}
{% macro decoded_address(text) -%}
    {{ return(adapter.dispatch('decoded_address', 'footfall')(text)) }}
{%- endmacro %}

{% macro duckdb__decoded_address(text) -%}
    coalesce(try(url_decode({{ text }})), {{ text }})
{%- endmacro %}

{% macro spark__decoded_address(text) -%}
    coalesce(try_url_decode({{ text }}), {{ text }})
{%- endmacro %}


{#- The site that a host belongs to, without the names in front: of checkout.shop.co.uk it is shop.co.uk. -#}
{% macro site_of(host) -%}
    {{ rewritten(
        host, '^(?:.*?[.])??([^.]+([.](com|co|org|net|gov|edu|ac))?[.][a-z]{2,})$', group_no(1)
    ) }}
{%- endmacro %}


{#- The host that led to a page, if it is not of the shop: not of the site of the page, nor one of var shop_hosts or below it.
    Empty as well where it is no host ($direct). -#}
{% macro host_outside(led_from, host) -%}
    (case
            when {{ led_from }} like '%.%' and ({{ site_of(led_from) }}) is distinct from ({{ site_of(host) }})
            {%- for own in var('shop_hosts') or [] %}
                and {{ led_from }} <> {{ sql_text(own | lower) }} and {{ led_from }} not like {{ sql_text('%.' ~ own | lower) }}
            {%- endfor %}
                then {{ led_from }}
        end)
{%- endmacro %}


{#- The host of an address, in lower case and without www; empty where it has none. -#}
{% macro host_of(address) -%}
    nullif({{ without_match(without_match(without_match(
        'lower(' ~ address ~ ')', '(?s)^([a-z][a-z0-9+.-]*:)?//'
    ), '(?s)[/:?#].*$'), '^www[.]') }}, '')
{%- endmacro %}


{#- The text of a JSON object of what an event says; of an exposure also which arm of which experiment was shown. -#}
{% macro with_exposure(alias, fields, experiment_id=none, variant_id=none, event_type='event_type') -%}
    {%- set exposure = dict(
        fields, experiment_id=experiment_id or alias ~ '.experiment_id', variant_id=variant_id or alias ~ '.variant_id'
    ) -%}
    case
            when {{ alias }}.{{ event_type }} = 'exposure' then {{ json_of(exposure) }}
            else {{ json_of(fields) }}
        end
{%- endmacro %}
