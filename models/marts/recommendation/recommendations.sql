-- What to show a customer next, best first, and why. Where lists do not pass their gates there are no rows; where only
-- new items do not, these are left out of the lists.
{%- set slots = {'item': 'explained.reason_item'} %}
with

scored as (

    select
        *,
        row_number() over (partition by customer_no order by rank) as shown_rank
    from {{ ref('scored_recommendations') }}
    where {{ is_shown('recommendations', days=var('backtest_days')) }}
        and (is_repeat or {{ is_shown('recommendations', days=var('backtest_days'), population="'new items only'") }})

),

customers as (

    select * from {{ ref('int_customers') }}

),

items as (

    select
        item_id,
        min(item_name) as item_name,
        min(category) as category
    from {{ ref('int_items') }}
    group by item_id

),

words as (

    select
        *,
        text as reason
    from {{ words() }}

),

-- What a customer has done with an item is other than buying it where they never bought it.
attributions as (

    select
        *,
        case when idea = 'personal' and not is_repeat then 'personal_new' else idea end as said_idea
    from {{ ref('int_recommendation_attributions') }}
    where idea_rank <= 3
        and contribution <> 0

),

-- What to say of each item: who has not met it hears of the past item that moved its score, where one did.
explained as (

    select
        scored.*,
        items.item_name,
        items.category,
        reasons.item_name as reason_item_name,
        coalesce(reasons.item_name, scored.reason_item_id) as reason_item,
        case
            when scored.reason_item_id is null then 'shown.many_buy'
            when scored.reason_item_id <> scored.item_id then 'shown.chose'
            when scored.is_repeat then 'shown.bought'
            else 'shown.looked_at'
        end as reason_key
    from scored
    left join items on scored.item_id = items.item_id
    left join items as reasons on scored.reason_item_id = reasons.item_id

),

-- What moves the score most, in words.
moved as (

    select
        attributions.customer_no,
        attributions.item_id,
        {{- placed_reasons('score', 'true') }}
    from attributions
    inner join words
        on words.message_key
        = 'idea.' || attributions.said_idea || case when attributions.contribution < 0 then '.down' else '.up' end
    group by
        attributions.customer_no,
        attributions.item_id

),

final as (

    select
        customers.customer_key,
        explained.item_id,
        explained.reason_item_id,

        explained.item_name,
        explained.category,
        explained.reason_item_name,
        {{ sentence('reasons.text', slots) }} as reason,
        explained.reason_key,
        {{ slot_values(slots) }} as reason_values,
        {{ prefixed('moved', reason_columns('score')) | join(', ') }},

        cast(explained.shown_rank as integer) as recommendation_rank,
        explained.score,

        explained.is_repeat,

        explained.run_id as model_run_id
    from explained
    inner join customers on explained.customer_no = customers.customer_no
    left join moved
        on explained.customer_no = moved.customer_no
        and explained.item_id = moved.item_id
    left join words as reasons on explained.reason_key = reasons.message_key

)

select * from final
