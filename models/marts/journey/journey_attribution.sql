{{ config(materialized='table') }}

-- Which channels earn the credit for conversions, by seven rules, for the month that the path ended in. The credit of
-- a month adds up to its conversions and its amount under each rule.
-- Shapley: the worth of some channels is the conversions of the paths that hold no other; each channel's value is then
-- an equal share of every path that it is on (Zhao, Mahboobi and Bagheri, 2018).
{%- set rules = {
    'first_touch': 'case when touch_number = 1 then 1e0 else 0e0 end',
    'last_touch': 'case when touch_number = touch_count then 1e0 else 0e0 end',
    'linear': '1e0 / touch_count',
    'position_based': 'case'
        ~ ' when touch_count <= 2 then 1e0 / touch_count'
        ~ ' when touch_number in (1, touch_count) then 0.4e0'
        ~ ' else 0.2e0 / (touch_count - 2)'
        ~ ' end',
    'time_decay': 'decayed / path_decayed',
    'shapley': 'case when is_first_of_channel then 1e0 / channel_count else 0e0 end',
} %}
with

touches as (

    select * from {{ ref('int_attribution_touches') }}

),

removal_effects as (

    select * from {{ ref('channel_removal_effects') }}

),

decayed as (

    select
        *,
        power(0.5e0, days_before_end / {{ double_var('attribution_half_life_days') }}) as decayed
    from touches

),

weighed as (

    select
        *,
        sum(decayed) over (partition by visitor_no, path_no) as path_decayed
    from decayed

),

months as (

    select
        period_month,
        count(*) as path_count,
        count(case when is_converting then 1 end) as conversion_count,
        sum(case when is_converting then path_amount else 0 end) as amount
    from touches
    where touch_number = touch_count
    group by period_month

),

channels as (

    select
        period_month,
        channel,
        {% for rule, weight in rules.items() -%}
        sum(case when is_converting then {{ weight }} end) as {{ rule }}_conversions,
        sum(case when is_converting then ({{ weight }}) * path_amount end) as {{ rule }}_amount,
        {% endfor -%}
        count(case when is_first_of_channel then 1 end) as path_count,
        count(case when is_first_of_channel and is_converting then 1 end) as converting_path_count
    from weighed
    group by period_month, channel

),

-- A channel earns by how many conversions would be lost if everybody who came to it had gone (Anderl and others, 2016).
removal_shares as (

    select
        period_month,
        channel,
        removal_effect,
        removal_effect / nullif(sum(removal_effect) over (partition by period_month), 0) as share
    from removal_effects

),

credited as (
    {% for rule in rules %}
    select
        period_month,
        '{{ rule }}' as attribution_model,
        channel,
        coalesce({{ rule }}_conversions, 0) as credited_conversions,
        coalesce({{ rule }}_amount, 0) as credited_amount,
        cast(null as double) as removal_effect
    from channels

    union all
    {% endfor %}
    select
        removal_shares.period_month,
        'markov' as attribution_model,
        removal_shares.channel,
        coalesce(removal_shares.share, 0) * months.conversion_count as credited_conversions,
        coalesce(removal_shares.share, 0) * months.amount as credited_amount,
        removal_shares.removal_effect
    from removal_shares
    inner join months on removal_shares.period_month = months.period_month

),

final as (

    select
        credited.period_month,
        credited.attribution_model,
        credited.channel,

        channels.path_count,
        channels.converting_path_count,
        cast(credited.credited_conversions as double) as credited_conversions,
        cast(credited.credited_amount as double) as credited_amount,
        cast(credited.credited_conversions / nullif(months.conversion_count, 0) as double) as conversion_share,
        cast(credited.credited_amount / nullif(months.amount, 0) as double) as amount_share,
        cast(credited.removal_effect as double) as removal_effect,
        cast(months.conversion_count as double) / months.path_count as base_conversion_rate
    from credited
    inner join channels
        on credited.period_month = channels.period_month
        and credited.channel = channels.channel
    inner join months on credited.period_month = months.period_month

)

select * from final
