-- What events add to a score by way of the encoder's state is what `encoder_state` adds, to 1 % of what they move: from
-- the state of average events on. Finding a row means that events are read out that did not move the score.
with

events as (

    select * from {{ ref('score_attribution_events') }}

),

states as (

    select * from {{ ref('score_attributions') }}
    where idea = 'encoder_state'

),

sums as (

    select
        score,
        horizon_days,
        customer_key,
        max(link_base) as link_base,
        sum(link_contribution) as moved
    from events
    group by
        score,
        horizon_days,
        customer_key

),

final as (

    select
        sums.score,
        sums.horizon_days,
        sums.customer_key,
        sums.link_base,
        sums.moved,
        states.link_contribution
    from sums
    left join states
        on sums.score = states.score
        and sums.horizon_days = states.horizon_days
        and sums.customer_key = states.customer_key
    where states.customer_key is null
        or abs(sums.link_base + sums.moved - states.link_contribution)
        > 0.01e0 * abs(states.link_contribution - sums.link_base) + 1e-8

)

select * from final
