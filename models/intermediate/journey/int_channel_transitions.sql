{{ config(materialized='table') }}

-- How often one channel followed on another along the paths that ended in a month, from the start to a conversion or
-- to nothing: the first-order Markov chain that removal effects are taken from.
with

touches as (

    select * from {{ ref('int_attribution_touches') }}

),

moves as (

    select
        period_month,
        channel as from_channel,
        coalesce(
            lead(channel) over (partition by visitor_no, path_no order by touch_number),
            case when is_converting then '(conversion)' else '(null)' end
        ) as to_channel
    from touches

    union all

    select
        period_month,
        '(start)' as from_channel,
        channel as to_channel
    from touches
    where touch_number = 1

),

final as (

    select
        period_month,
        from_channel,
        to_channel,
        count(*) as transition_count
    from moves
    group by period_month, from_channel, to_channel

)

select * from final
