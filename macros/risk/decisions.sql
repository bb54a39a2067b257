{#- What to do about an attempt: by what each way is expected to cost, within the reviews of a day. -#}

{#- The vars that decide. -#}
{% macro decision_vars() %}
    {% do return([
        'risk_reviews_a_day', 'risk_cost_of_review', 'risk_review_finds', 'risk_share_lost', 'risk_cost_of_wrong_block',
        'risk_share_lost_by_wrong_block', 'risk_review_share_without_labels'
    ]) %}
{% endmacro %}


{#- A name for the values of these vars: decisions of other values have another. -#}
{% macro threshold_version() %}
    {% set values = [] %}
    {% for name in decision_vars() %}
        {% do values.append(name ~ '=' ~ var(name)) %}
    {% endfor %}
    {% do return(local_md5(values | join(', '))[:12]) %}
{% endmacro %}


{#- Expected cost of blocking an attempt: what an honest customer's order brings, and their anger. -#}
{% macro cost_of_blocking(probability, amount) -%}
    (1e0 - {{ probability }}) * (
            {{ double_var('risk_cost_of_wrong_block') }} + {{ double_var('risk_share_lost_by_wrong_block') }} * {{ amount }}
        )
{%- endmacro %}


{#- What a review of an attempt saves against the cheaper of the two, the cost of the review left aside: what it does not
    find is lost all the same. -#}
{% macro saved_by_review(allowing, blocking) -%}
    {{ at_most(allowing, blocking) }} - (1e0 - {{ double_var('risk_review_finds') }}) * {{ allowing }}
{%- endmacro %}


{#- The CTEs that give attempts what each decision is expected to cost, the last of them called `weighed`. -#}
{% macro weighed_attempts(staked) -%}
costed as (

    select
        *,
        probability * amount_at_stake as expected_loss,
        {{ cost_of_blocking('probability', 'amount') }} as cost_of_blocking
    from {{ staked }}

),

weighed as (

    select
        *,
        {{ saved_by_review('expected_loss', 'cost_of_blocking') | indent(8) }} as saved_by_review
    from costed

),
{%- endmacro %}


{#- The CTEs that put the reviews of each day in order, the last of them called `queued`: one review looks at all that a
    customer, or an unidentified device, tried on a day. Those come first whose review saves most; tries of one basket save
    once what they save most. Where no cost is known, those are reviewed whom a rule hit, and a share of the highest scores. -#}
{% macro review_queue(weighed) -%}
review_days as (

    select
        shop_day,
        party,
        case
            when count(saved_by_review) > 0
                then coalesce(sum(case when saving_place = 1 and saved_by_review > 0 then saved_by_review end), 0e0)
                    - {{ double_var('risk_cost_of_review') }}
        end as review_gain,
        max(risk_score) as top_score,
        count(saved_by_review) > 0 as is_weighed,
        count(rule_hits) > 0 as has_rule_hit
    from {{ weighed }}
    group by shop_day, party

),

review_places as (

    select
        *,
        row_number() over (partition by shop_day, is_weighed order by top_score desc, party) as score_place,
        count(*) over (partition by shop_day, is_weighed) as party_count
    from review_days

),

review_candidates as (

    select
        *,
        case
            when is_weighed then review_gain > 0
            else has_rule_hit or score_place <= {{ double_var('risk_review_share_without_labels') }} * party_count
        end as is_candidate
    from review_places

),

queue as (

    select
        shop_day,
        party,
        is_candidate,
        row_number() over (
            partition by shop_day, is_candidate
            order by review_gain desc nulls last, top_score desc, party
        ) as review_place
    from review_candidates

),

queued as (

    select
        shop_day,
        party,
        case when is_candidate and review_place <= {{ var('risk_reviews_a_day') }} then review_place end as review_rank
    from queue

)
{%- endmacro %}


{#- What to do: review what is in the queue of its day and gains by it; else the cheaper of blocking and letting pass. Without
    a probability nothing is blocked. -#}
{% macro risk_decision(weighed, queued) -%}
    case
        when {{ queued }}.review_rank is not null and coalesce({{ weighed }}.saved_by_review > 0, true) then 'review'
        when {{ weighed }}.cost_of_blocking < {{ weighed }}.expected_loss then 'block'
        else 'allow'
    end
{%- endmacro %}
