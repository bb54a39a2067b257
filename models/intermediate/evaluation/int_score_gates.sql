-- Every check of every score with its bounds, whether it is passed, and where it is not, in words that go on a board:
-- what is not shown, and why. Score marts and what is taken from scores select by it, so it reads none of them.
{%- set slots = {
    '@subject': {'keys': 'subject_keys', 'text': 'subject_text'}, 'score': 'score', 'days': 'days_text',
    'population': 'population', 'figure': 'figure_text', 'bound': 'bound_text', 'customers': 'customers_text'
} %}
with

backtest_checks as (

    select * from {{ ref('int_backtest_checks') }}

),

served_checks as (

    select * from {{ ref('int_served_checks') }}

),

words as (

    select * from {{ words() }}

),

checks as (

    select
        score,
        population,
        horizon_days,
        customer_count,
        subject,
        gate,
        metric,
        interval_end,
        figure,
        lower_limit,
        upper_limit
    from backtest_checks
    union all
    select
        score,
        cast(null as string) as population,
        horizon_days,
        row_count as customer_count,
        subject,
        gate,
        metric,
        cast(null as string) as interval_end,
        figure,
        lower_limit,
        upper_limit
    from served_checks

),

judged as (

    select
        *,
        cast(cast(horizon_days as integer) as string) as days_text,
        coalesce(figure >= lower_limit, true) and coalesce(figure <= upper_limit, true) as is_passed
    from checks
    where figure is not null

),

keyed as (

    select
        *,
        case when not is_passed then 'held_back.' || gate end as held_back_key,
        {{ gate_subject_keys() }} as subject_keys,
        {{ gate_subject() }} as subject_text,
        cast(round(figure, 3) as string) as figure_text,
        cast(round(case when figure < lower_limit then lower_limit else upper_limit end, 3) as string) as bound_text,
        {{ with_thousands('customer_count') }} as customers_text
    from judged

),

final as (

    select
        keyed.score,
        keyed.population,
        keyed.subject,
        keyed.subject_keys,
        keyed.subject_text,
        keyed.gate,
        keyed.metric,
        keyed.interval_end,
        case when not keyed.is_passed then {{ sentence('words.text', slots) }} end as held_back,
        keyed.held_back_key,
        case when not keyed.is_passed then {{ slot_values(slots) }} end as held_back_values,

        keyed.horizon_days,
        keyed.figure,
        keyed.lower_limit,
        keyed.upper_limit,
        keyed.customer_count,

        keyed.is_passed
    from keyed
    left join words on keyed.held_back_key = words.message_key

)

select * from final
