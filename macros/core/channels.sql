{#- The marketing channel of a visit: Google's default channel grouping, from the source, medium and campaign that a row
    has and the category of its source. Empty where it has none of them.

    The rules are those that Google publishes for Analytics 4, in their order; the last one is Unassigned. -#}
{% macro channel_group(alias, category) -%}
    {%- set source = 'lower(' ~ alias ~ '.traffic_source)' -%}
    {%- set medium = 'lower(' ~ alias ~ '.traffic_medium)' -%}
    {%- set campaign = 'lower(' ~ alias ~ '.campaign)' -%}
    {%- set is_paid = matches(medium, '^(.*cp.*|ppc|retargeting|paid.*)$') -%}
    {%- set sells = '(' ~ category ~ " = 'shopping' or " ~ matches(campaign, '(([^a-df-z]|^)shop|shopping)') ~ ')' -%}
    case
            when coalesce({{ source }}, {{ medium }}, {{ campaign }}) is null then cast(null as string)
            when coalesce({{ source }}, '(direct)') in ('(direct)', 'direct')
                and coalesce({{ medium }}, '(none)') in ('(none)', 'none', 'direct')
                and coalesce({{ campaign }}, '(direct)') in ('(direct)', '(none)')
                then 'Direct'
            when {{ campaign }} like '%cross-network%' then 'Cross-network'
            when {{ sells }} and {{ is_paid }} then 'Paid Shopping'
            when {{ category }} = 'search' and {{ is_paid }} then 'Paid Search'
            when {{ category }} = 'social' and {{ is_paid }} then 'Paid Social'
            when {{ category }} = 'video' and {{ is_paid }} then 'Paid Video'
            when {{ medium }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
            when {{ is_paid }} then 'Paid Other'
            when {{ sells }} then 'Organic Shopping'
            when {{ category }} = 'social'
                or {{ medium }} in (
                    'social', 'social-network', 'social-media', 'sm', 'social network', 'social media'
                ) then 'Organic Social'
            when {{ category }} = 'video' or {{ medium }} like '%video%' then 'Organic Video'
            when {{ category }} = 'search' or {{ medium }} = 'organic' then 'Organic Search'
            when {{ category }} = 'email'
                or {{ source }} in ('email', 'e-mail', 'e_mail', 'e mail')
                or {{ medium }} in ('email', 'e-mail', 'e_mail', 'e mail') then 'Email'
            when {{ medium }} in ('affiliate', 'affiliates') then 'Affiliates'
            when {{ medium }} in ('referral', 'app', 'link') then 'Referral'
            when {{ medium }} = 'audio' then 'Audio'
            when {{ source }} = 'sms' or {{ medium }} = 'sms' then 'SMS'
            when {{ medium }} like '%push' or {{ medium }} like '%mobile%' or {{ medium }} like '%notification%'
                or {{ source }} = 'firebase' then 'Mobile Push Notifications'
            else 'Unassigned'
        end
{%- endmacro %}


{#- Joins that bring the category of a row's traffic source where the row has no channel of its own: by the name as it is,
    else by the name of the site without its host and ending (www.google.co.uk is google). -#}
{% macro source_category_joins(alias) -%}
    {%- set source = 'case when ' ~ alias ~ '.channel is null then lower(' ~ alias ~ '.traffic_source) end' -%}
    left join {{ ref('source_categories') }} as source_names on {{ source }} = source_names.source_name
    left join {{ ref('source_categories') }} as source_sites on {{ site_name(source) }} = source_sites.source_name
{%- endmacro %}

{#- The category of the source of a row. Companies that run a search engine run much else under its name: of them only
    hosts of the search itself count (www.google.de, search.yahoo.com, and not support.google.com). -#}
{% macro source_category(alias) -%}
    {%- set hosts = '^((www[0-9]?|m|mobile|search|images|r|html|lite|[a-z]{2}([-_][a-z]{2})?)[.])*'
        ~ '[^.]+(([.](com|co|org|net|gov|edu|ac))?[.][a-z]{2,})?$' -%}
    coalesce(source_names.category, case
            when source_sites.category <> 'search'
                or {{ matches('lower(' ~ alias ~ '.traffic_source)', hosts) }} then source_sites.category
        end)
{%- endmacro %}


{#- The name of a site: of a host, the part before its ending. -#}
{% macro site_name(host) -%}
    {{ without_match(without_match(host, '([.](com|co|org|net|gov|edu|ac))?[.][a-z]{2,}$'), '^.*[.]') }}
{%- endmacro %}


{#- Whether a channel says that nothing led to the visit. -#}
{% macro is_direct(channel) -%}
    coalesce(lower({{ channel }}) = 'direct', true)
{%- endmacro %}


{#- The number of an act within its session, for acts that say where the visit came from: those that say that nothing led
    to it come after all others. -#}
{% macro place_of_source(event_no) -%}
    case
            when coalesce(channel, traffic_source, traffic_medium, campaign) is not null
                then {{ event_no }} + case when {{ is_direct('channel') }} then 1000000000 else 0 end
        end
{%- endmacro %}


{#- Whether a channel or medium says that a page of the shop itself led to the visit, which is no source of it. -#}
{% macro is_the_shop_itself(name) -%}
    coalesce(lower({{ name }}) in ('internal', '(internal)'), false)
{%- endmacro %}


{#- A channel of one's own files: Direct where it says that nothing led to the visit, and empty where it says that the shop
    itself did. -#}
{% macro own_channel(channel) -%}
    case
            when lower({{ channel }}) in ('(none)', '(direct)') then 'Direct'
            when not {{ is_the_shop_itself(channel) }} then {{ channel }}
        end
{%- endmacro %}
