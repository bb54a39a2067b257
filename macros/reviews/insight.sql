{#- One end of the Wilson interval (1927) at 95 % of a share: so many of so many; `sign` is - for its lower end, + for
    its upper one. Empty where there is nothing to share. -#}
{% macro wilson_bound(count, total, sign) -%}
    {%- set share = '(' ~ count ~ ' / nullif(' ~ total ~ ', 0e0))' -%}
    {%- set z = '1.959964e0' -%}
    (
            {{ share }} + {{ z }} * {{ z }} / nullif(2e0 * {{ total }}, 0e0)
            {{ sign }} {{ z }} * sqrt(
                {{ share }} * (1e0 - {{ share }}) / nullif({{ total }}, 0e0)
                + {{ z }} * {{ z }} / nullif(4e0 * {{ total }} * {{ total }}, 0e0)
            )
        ) / (1e0 + {{ z }} * {{ z }} / nullif({{ total }}, 0e0))
{%- endmacro %}


{#- The z of the difference of two shares, pooled: how many of how many now, and how many of how many before. Empty
    where all or none were counted both times. -#}
{% macro z_of_shares(count, total, count_before, total_before) -%}
    {%- set pooled = '((' ~ count ~ ' + ' ~ count_before ~ ') / (' ~ total ~ ' + ' ~ total_before ~ '))' -%}
    (
            ({{ count }} / {{ total }} - {{ count_before }} / {{ total_before }})
            / nullif(sqrt({{ pooled }} * (1e0 - {{ pooled }}) * (1e0 / {{ total }} + 1e0 / {{ total_before }})), 0e0)
        )
{%- endmacro %}


{#- Whether all of some columns are equal in two relations. -#}
{% macro all_equal(one, other, columns) -%}
    {% for column in columns -%}
    {{ one }}.{{ column }} = {{ other }}.{{ column }}
        {%- if not loop.last %}
        and {% endif %}
    {%- endfor %}
{%- endmacro %}


{#- CTEs that count blame: `blamed` has each text once for an aspect in which blame prevails, `totals` all texts of each
    place, and `counted` those that blame an aspect. -#}
{% macro blame_ctes(places, aspects, place) -%}
blamed as (

    select
        text_id,
        aspect
    from {{ aspects }}
    group by text_id, aspect
    having sum(polarity) < 0

),

totals as (

    select
        {{ place | join(', ') }},
        max(as_of_date) as as_of_date,
        cast(count(*) as double) as text_count,
        cast(count(rating) as double) as rated_count,
        coalesce(sum(rating), 0e0) as stars
    from {{ places }}
    group by {{ place | join(', ') }}

),

counted as (

    select
        {{ prefixed(places, place) | join(', ') }},
        blamed.aspect,
        cast(count(*) as double) as blame_count,
        count(distinct {{ places }}.customer_no) as customer_count,
        cast(count({{ places }}.rating) as double) as rated_count,
        coalesce(sum({{ places }}.rating), 0e0) as stars
    from {{ places }}
    inner join blamed on {{ places }}.text_id = blamed.text_id
    group by {{ prefixed(places, place) | join(', ') }}, blamed.aspect

)
{%- endmacro %}


{#- CTEs with the newest three sentences that blame an aspect of a place, as columns of `quoted`: `quote_1` to
    `quote_3`. -#}
{% macro quote_ctes(places, aspects, place) -%}
quotable as (

    select
        {{ prefixed(places, place) | join(', ') }},
        {{ aspects }}.aspect,
        left({{ aspects }}.sentence, 200) as quote,
        row_number() over (
            partition by {{ prefixed(places, place) | join(', ') }}, {{ aspects }}.aspect
            order by {{ places }}.written_on desc, {{ aspects }}.text_id asc, {{ aspects }}.sentence_no asc
        ) as quote_place
    from {{ places }}
    inner join {{ aspects }} on {{ places }}.text_id = {{ aspects }}.text_id
    where {{ aspects }}.polarity < 0

),

quoted as (

    select
        {{ place | join(', ') }},
        aspect,
        {%- for number in [1, 2, 3] %}
        max(case when quote_place = {{ number }} then quote end) as quote_{{ number }}{{ ',' if not loop.last }}
        {%- endfor %}
    from quotable
    where quote_place <= 3
    group by {{ place | join(', ') }}, aspect

)
{%- endmacro %}
