{#- Which attempts are tries of one basket: what they would cost is lost once, however often they are made. -#}

{#- The CTEs that give each attempt the first of its basket, the last of them called `baskets`. Attempts of a party on a day
    are of one basket where they are of one order, or of the same amount with less than a session's gap between them and no
    orders that differ. Whether one of them was paid has no part in it. -#}
{% macro tried_baskets(attempts) -%}
spaced as (

    select
        *,
        case
            when {{ seconds_between('lag(attempted_at) over of_amount', 'attempted_at') }}
                <= {{ var('session_gap_minutes') * 60 }} then 0
            else 1
        end as is_apart
    from {{ attempts }}
    window of_amount as (partition by shop_day, party, round(amount, 2) order by attempted_at, attempt_id)

),

stretches as (

    select
        *,
        sum(is_apart) over (
            partition by shop_day, party, round(amount, 2)
            order by attempted_at, attempt_id
            rows between unbounded preceding and current row
        ) as stretch_no
    from spaced

),

tries as (

    select
        *,
        coalesce(
            order_id,
            min(order_id) over (partition by shop_day, party, round(amount, 2), stretch_no),
            min(attempt_id) over (partition by shop_day, party, round(amount, 2), stretch_no)
        ) as basket
    from stretches

),

baskets as (

    select
        *,
        first_value(attempt_id) over (
            partition by shop_day, party, basket
            order by attempted_at, attempt_id
            rows between unbounded preceding and current row
        ) as first_attempt_id,
        row_number() over (
            partition by shop_day, party, basket
            order by saved_by_review desc nulls last, attempt_id
        ) as saving_place
    from tries

),
{%- endmacro %}
