-- What every score has to pass before anybody acts on it, one row a check: the figure, its bound, in words which score
-- fails and by how much, and what is not shown for it.
{%- set slots = {
    '@subject': {'keys': 'subject_keys', 'text': 'subject_text'}, 'score': 'score', 'days': 'days_text',
    'population': 'population', '@end': {'keys': 'end_key', 'text': 'ends.text'}, 'metric': 'metric',
    'figure': 'figure_text', 'distance': 'distance_text', 'bound': 'bound_text'
} %}
with

gates as (

    select * from {{ ref('int_score_gates') }}

),

words as (

    select * from {{ words() }}

),

placed as (

    select
        *,
        case when figure < lower_limit then 'below' when figure > upper_limit then 'above' else 'within' end as place,
        cast(cast(horizon_days as integer) as string) as days_text,
        case when figure < lower_limit then lower_limit else upper_limit end as bound
    from gates

),

keyed as (

    select
        *,
        'gate.message.' || place as message_key,
        'gate.end.' || interval_end as end_key,
        cast(round(figure, 4) as string) as figure_text,
        case when place <> 'within' then cast(round(abs(figure - bound), 4) as string) end as distance_text,
        case when place <> 'within' then cast(round(bound, 4) as string) end as bound_text
    from placed

),

final as (

    select
        md5(concat_ws('|', keyed.subject, keyed.gate, keyed.metric)) as gate_id,

        keyed.subject,
        keyed.score,
        keyed.population,
        keyed.gate,
        keyed.metric,
        {{ sentence('texts.text', slots) }} as message,
        keyed.message_key,
        {{ slot_values(slots) }} as message_values,
        keyed.held_back,
        keyed.held_back_key,
        keyed.held_back_values,

        cast(keyed.horizon_days as integer) as horizon_days,
        keyed.figure,
        keyed.lower_limit,
        keyed.upper_limit,
        cast(keyed.customer_count as bigint) as customer_count,

        keyed.is_passed
    from keyed
    left join words as texts on keyed.message_key = texts.message_key
    left join words as ends on keyed.end_key = ends.message_key

)

select * from final
