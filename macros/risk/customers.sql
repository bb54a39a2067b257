{#- CTE `customers`: how often and how much the customer of each question had paid before it. One amount out of the ordinary
    must not become the ordinary: it counts with `usual` times the mean before it at most. -#}
{% macro customers_before(acts) -%}
{%- set usual = '2.5e0' -%}
{%- set fewest_usual = 3 -%}
means as (

    select
        attempt_no,
        visitor_no,
        moment,
        is_question,
        counted_amount,
        coalesce({{ known_before('sum(attempts)', 'visitor_no') }}, 0e0) as attempts_before,
        {{ known_before('avg(counted_amount)', 'visitor_no') }} as mean_before,
        {{ known_before('max(counted_amount)', 'visitor_no') }} as largest_before,
        {{ known_before('max(case when attempts > 0 then moment end)', 'visitor_no') }} as last_at
    from {{ acts }}
    where visitor_no is not null
    {{- of_those_who_ask('visitor_no') }}

),

usual_amounts as (

    select
        *,
        case
            when counted_amount > {{ usual }} * mean_before then {{ usual }} * mean_before
            else counted_amount
        end as usual_amount,
        case
            when attempts_before >= {{ fewest_usual }} and counted_amount > {{ usual }} * mean_before then 1e0
            else 0e0
        end as is_unusual,
        counted_amount / nullif(mean_before, 0e0) as ratio
    from means

),

customer_sums as (

    select
        attempt_no,
        is_question,
        attempts_before,
        mean_before,
        largest_before,
        last_at,
        {%- for name, days in {'1h': 1 / 24, '1d': 1, '7d': 7, '30d': 30}.items() %}
        {{ grown_within('attempts_before', 'visitor_no', days) }} as attempts_{{ name }},
        {%- endfor %}
        {{ known_before('avg(usual_amount)', 'visitor_no') }} as usual_mean,
        {{ known_before('stddev_samp(usual_amount)', 'visitor_no') }} as usual_spread,
        {{ known_before('max(ratio)', 'visitor_no', 14) }} as largest_ratio_14d,
        {%- for days in [7, 14] %}
        {{ known_before('sum(is_unusual)', 'visitor_no', days) }} as unusual_{{ days }}d,
        {%- endfor %}
        {{ known_before('max(case when is_unusual > 0 then moment end)', 'visitor_no') }} as unusual_at
    from usual_amounts

),

customers as (

    select * from customer_sums
    where is_question

)
{%- endmacro %}


{#- CTE `new_<kind>`: whether the customer of each question had been seen with an entity before. -#}
{% macro met_before(kind, entity) -%}
met_{{ kind }} as (

    select
        attempt_no,
        is_question,
        {{ known_before('sum(attempts)', 'visitor_no, ' ~ entity) }} as met_before
    from acts
    where {{ entity }} is not null
        and visitor_no is not null
    {{- of_those_who_ask('visitor_no') }}

),

new_{{ kind }} as (

    select * from met_{{ kind }}
    where is_question

)
{%- endmacro %}
