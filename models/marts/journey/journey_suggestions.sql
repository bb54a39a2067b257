-- What to do next, in words, most valuable first. Each suggestion says which rows of which mart it rests on.
{%- set slots = {
    '@trouble': {'keys': 'trouble_key', 'text': 'trouble_text'}, '@stage': {'keys': 'stage_key', 'text': 'stage_text'},
    '@next_stage': {'keys': 'next_stage_key', 'text': 'next_stage_text'},
    '@place': {'keys': 'place_keys', 'text': 'place_text'}, '@period': {'keys': 'period_key', 'text': 'period_text'},
    'friction': 'friction_name', 'stage': 'stage', 'device': 'device', 'country': 'country', 'channel': 'channel',
    'visitor': 'visitor', 'segment': 'segment', 'months': 'months_text', 'last_day': 'last_day_text'
} %}
{%- set figures = {
    'sessions': with_thousands('session_count'), 'comparable_sessions': with_thousands('comparable_session_count'),
    'rate': points('rate'), 'usual_rate': points('usual_rate'),
    'gap': points('gap'), 'gap_lower': points('gap_lower'), 'gap_upper': points('gap_upper'),
    'amount': about_amount('expected_value'), 'orders': with_one_decimal('orders_per_month'),
    'more_sessions': about_count('orders_per_month')
} %}
{%- for name in figures %}{% do slots.update({name: name ~ '_text'}) %}{% endfor %}
{%- set in_title = [
    '@trouble', '@stage', '@next_stage', '@place', 'sessions', 'gap', 'amount', 'orders', 'more_sessions'
] %}
{%- set in_evidence = [
    '@period', 'last_day', 'sessions', 'comparable_sessions', 'rate', 'usual_rate', 'gap', 'gap_lower', 'gap_upper',
    'orders'
] %}
with

suggestions as (

    select * from {{ ref('int_suggestions') }}

),

words as (

    select * from {{ words() }}

),

months as (
    {{ pain_months() }}
),

keyed as (

    select
        suggestions.*,
        'suggestion.' || suggestions.kind || '.title.' || case
            when suggestions.expected_value >= 1 then 'amount'
            when suggestions.kind = 'close_drop_off' then 'sessions'
            else 'orders'
        end as title_key,
        'suggestion.' || suggestions.kind || '.evidence' as evidence_key,
        'suggestion.' || suggestions.kind || '.advice' as advice_key,
        case when round(months.month_count) = 1 then 'period.month' else 'period.months' end as period_key,
        {{ place_keys('suggestions') }} as place_keys,
        replace(suggestions.friction, '_', ' ') as friction_name,
        cast(cast(round(months.month_count) as integer) as string) as months_text,
        {%- for name, figure in figures.items() %}
        {{ figure }} as {{ name }}_text,
        {%- endfor %}
        cast(months.last_day as string) as last_day_text
    from suggestions
    cross join months

),

-- Stages and frictions of the shop's own tracking plan may have no word of their own.
found as (

    select
        keyed.*,
        titles.text as title_text,
        evidences.text as evidence_text,
        advices.text as advice_text,
        periods.text as period_pattern,
        case when keyed.friction is not null then coalesce(frictions.message_key, 'friction.other') end as trouble_key,
        coalesce(frictions.text, {{ word('friction.other') }}) as trouble_pattern,
        coalesce(stages.message_key, 'stage.other') as stage_key,
        coalesce(stages.text, {{ word('stage.other') }}) as stage_pattern,
        case when keyed.next_stage is not null then coalesce(next_stages.message_key, 'stage.other') end
            as next_stage_key,
        coalesce(next_stages.text, keyed.next_stage) as next_stage_text
    from keyed
    left join words as titles on keyed.title_key = titles.message_key
    left join words as evidences on keyed.evidence_key = evidences.message_key
    left join words as advices on keyed.advice_key = advices.message_key
    left join words as periods on keyed.period_key = periods.message_key
    left join words as frictions on 'friction.' || keyed.friction = frictions.message_key
    left join words as stages on 'stage.' || keyed.stage = stages.message_key
    left join words as next_stages on 'stage.' || keyed.next_stage = next_stages.message_key

),

parts as (

    select
        *,
        {{ sentence('trouble_pattern', {'friction': 'friction_name'}) }} as trouble_text,
        {{ sentence('stage_pattern', {'stage': 'stage'}) }} as stage_text,
        {{ sentence('period_pattern', {'months': 'months_text'}) }} as period_text,
        {{ place_in_words() }} as place_text
    from found

),

final as (

    select
        md5(concat_ws('|', kind, coalesce(friction, ''), stage, slice_name, slice_value)) as suggestion_id,

        kind,
        {{ sentence('title_text', some_slots(slots, in_title)) }} as title,
        {{ sentence('evidence_text', some_slots(slots, in_evidence)) }} as evidence,
        {{ sentence('advice_text', some_slots(slots, ['@stage', '@place'])) }} as advice,
        title_key,
        evidence_key,
        advice_key,
        {{ slot_values(slots) }} as message_values,
        confidence,
        friction,
        stage,
        slice_name,
        slice_value,
        mart_name,

        session_count,
        round(gap, 9) as conversion_gap,
        round(orders_per_month, 6) as orders_per_month,
        round(expected_value, 2) as expected_value,
        round(lower_value, 2) as lower_value,
        round(upper_value, 2) as upper_value,
        -- Where no amounts are recorded, orders go before sessions that would go on: those are not orders yet.
        row_number() over (
            order by
                round(expected_value, 2) desc nulls last, kind = 'close_drop_off' asc, round(orders_per_month, 6) desc,
                kind asc, friction asc, stage asc, slice_name asc, slice_value asc
        ) as suggestion_rank
    from parts

)

select * from final
