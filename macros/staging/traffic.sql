{#- Where a visit of a web site came from, as the columns traffic_source, traffic_medium and campaign: what the link said
    (its utm parameters), else the id that an advert has put into it, else the page that the link was on. Where nothing led
    to the visit, `no_source` says what stands there: by default what Google writes for a direct visit.
    All arguments are SQL of texts, `link` and `referrer` dicts of them: {source, medium, campaign} and {source, medium}. -#}
{% macro traffic_columns(link, page, referrer, no_source="'(direct)'", no_medium="'(none)'") -%}
    case
            when {{ link.medium }} is not null or {{ click_part(page, 'source') }} is not null
                then coalesce({{ link.source }}, {{ click_part(page, 'source') }})
            when coalesce({{ link.source }}, {{ link.campaign }}) is not null then {{ link.source }}
            when {{ referrer.source }} is not null then {{ referrer.source }}
            else {{ no_source }}
        end as traffic_source,
        case
            when {{ link.medium }} is not null then {{ link.medium }}
            when {{ click_part(page, 'medium') }} is not null then {{ click_part(page, 'medium') }}
            when coalesce({{ link.source }}, {{ link.campaign }}) is not null then cast(null as string)
            when {{ referrer.source }} is not null then {{ referrer.medium }}
            else {{ no_medium }}
        end as traffic_medium,
        {{ link.campaign }} as campaign
{%- endmacro %}


{#- Whose advert or post a link was on, by the id that they put into it: parameter, source and medium. -#}
{% macro click_ids() %}
    {% do return([
        {'parameters': 'gclid|gbraid|wbraid', 'source': 'google', 'medium': 'cpc'},
        {'parameters': 'dclid', 'source': 'google', 'medium': 'display'},
        {'parameters': 'msclkid', 'source': 'bing', 'medium': 'cpc'},
        {'parameters': 'yclid', 'source': 'yandex', 'medium': 'cpc'},
        {'parameters': 'ttclid', 'source': 'tiktok', 'medium': 'cpc'},
        {'parameters': 'twclid', 'source': 'twitter', 'medium': 'cpc'},
        {'parameters': 'li_fat_id', 'source': 'linkedin', 'medium': 'cpc'},
        {'parameters': 'fbclid', 'source': 'facebook', 'medium': 'social'}
    ]) %}
{% endmacro %}


{#- The source or medium that the id of a click stands for, in the address of a page; empty where there is none. -#}
{% macro click_part(page, part) -%}
    case
            {%- for one in click_ids() %}
            when {{ matches(page, '[?&](' ~ one.parameters ~ ')=.') }} then '{{ one[part] }}'
            {%- endfor %}
        end
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
