{#- Of whom it is counted with how many cards they pay: the name in features, and the column of int_payment_attempts. -#}
{% macro card_holders() %}
    {% do return({'customer': 'visitor_no', 'device': 'device_no'}) %}
{% endmacro %}


{#- CTE `<kind>_cards`: how many different cards an entity had paid with within the day before each question, and with how many
    of them a payment was known to have failed. A card counts from when it is seen until it is seen again, and a day at
    most: so it counts once. Reads CTEs of acts and facts. -#}
{% macro card_sums(kind, entity, day) -%}
    {%- set seen = {'cards': ('acts', 'attempts > 0'), 'failed_cards': ('facts', 'failures > 0')} -%}
{{ kind }}_sightings as (
    {%- for name, (table, condition) in seen.items() %}

    select
        {{ entity }},
        moment,
        {%- for other in seen %}
        {{ '1e0' if other == name else '0e0' }} as {{ other }},
        {%- endfor %}
        lead(moment) over (partition by {{ entity }}, card_token order by moment) as next_moment
    from {{ table }}
    where {{ condition }}
        and {{ entity }} is not null
        and card_token is not null
    {{- of_those_who_ask(entity) }}
    {{- within_reach('moment', 1) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

{{ kind }}_card_acts as (

    select
        attempt_no,
        {{ entity }},
        moment,
        0e0 as cards,
        0e0 as failed_cards
    from acts
    where is_question
        and {{ entity }} in (select sightings.{{ entity }} from {{ kind }}_sightings as sightings)

    union all

    select
        cast(null as bigint) as attempt_no,
        {{ entity }},
        moment,
        cards,
        failed_cards
    from {{ kind }}_sightings

    union all

    select
        cast(null as bigint) as attempt_no,
        {{ entity }},
        {{ first_of('next_moment', 'moment + ' ~ day) }} as moment,
        -cards as cards,
        -failed_cards as failed_cards
    from {{ kind }}_sightings

),

{{ kind }}_card_sums as (

    select
        attempt_no,
        {{ known_before('sum(cards)', entity) }} as cards_1d,
        {{ known_before('sum(failed_cards)', entity) }} as failed_cards_1d
    from {{ kind }}_card_acts

),

{{ kind }}_cards as (

    select * from {{ kind }}_card_sums
    where attempt_no is not null

)
{%- endmacro %}
