{#- CTE `ring_features`: how many were in the ring of the customer on the day of an attempt, and the share of fraud among the
    closed attempts of those who were in it then. Reads CTEs of acts and facts. Whoever joins a ring brings along what was known of
    them, and takes it away when they leave, so that a sum over the ring's acts is that of its members of the moment. -#}
{% macro ring_features(acts, facts, day) -%}
{%- set delay = var('risk_label_delay_days') * day -%}
ring_stays as {{ read_once() }} (

    select
        customer_no,
        ring_no,
        cast(member_count as double) as member_count,
        {{ microseconds_of(shop_day_start('from_day')) }} as from_us,
        {{ microseconds_of(shop_day_start('until_day')) }} as until_us
    from {{ ref('int_risk_rings') }}
    {%- if is_incremental() %}
    where ring_no in (
        select stays.ring_no from {{ ref('int_risk_rings') }} as stays
        where stays.customer_no in (select asking.visitor_no from asking)
    )
    {%- endif %}

),

ring_facts as (

    select
        visitor_no as customer_no,
        moment,
        frauds,
        0e0 as closed
    from {{ facts }}
    where frauds <> 0e0
        and visitor_no in (select ring_stays.customer_no from ring_stays)

    union all

    select
        visitor_no as customer_no,
        moment + {{ delay }} as moment,
        0e0 as frauds,
        closed
    from {{ acts }}
    where closed > 0e0
        and visitor_no in (select ring_stays.customer_no from ring_stays)

),

-- Who comes or goes with a day has done so before the first attempt of the day.
ring_moves as (

    select
        customer_no,
        ring_no,
        from_us - 1 as moment,
        1e0 as sign
    from ring_stays

    union all

    select
        customer_no,
        ring_no,
        until_us - 1 as moment,
        -1e0 as sign
    from ring_stays
    where until_us is not null

),

member_histories as (

    select
        customer_no,
        ring_no,
        moment,
        sign,
        0e0 as frauds,
        0e0 as closed
    from ring_moves

    union all

    select
        customer_no,
        cast(null as bigint) as ring_no,
        moment,
        cast(null as double) as sign,
        frauds,
        closed
    from ring_facts

),

brought_along as (

    select
        ring_no,
        moment,
        {%- for fact in ['frauds', 'closed'] %}
        sign * sum({{ fact }}) over (
            partition by customer_no order by moment
            range between unbounded preceding and current row
        ) as {{ fact }}{{ ',' if not loop.last }}
        {%- endfor %}
    from member_histories

),

ring_acts as (

    select
        cast(null as bigint) as attempt_no,
        cast(null as double) as member_count,
        ring_no,
        moment,
        frauds,
        closed
    from brought_along
    where ring_no is not null

    union all

    select
        cast(null as bigint) as attempt_no,
        cast(null as double) as member_count,
        ring_stays.ring_no,
        ring_facts.moment,
        ring_facts.frauds,
        ring_facts.closed
    from ring_facts
    inner join ring_stays
        on ring_facts.customer_no = ring_stays.customer_no
        and ring_facts.moment >= ring_stays.from_us
        and coalesce(ring_facts.moment < ring_stays.until_us, true)

    union all

    select
        acts.attempt_no,
        ring_stays.member_count,
        ring_stays.ring_no,
        acts.moment,
        0e0 as frauds,
        0e0 as closed
    from {{ acts }} as acts
    inner join ring_stays
        on acts.visitor_no = ring_stays.customer_no
        and acts.moment >= ring_stays.from_us
        and coalesce(acts.moment < ring_stays.until_us, true)
    where acts.is_question

),

ring_sums as (

    select
        attempt_no,
        member_count,
        {{ known_before('sum(frauds)', 'ring_no') }} as frauds_before,
        {{ known_before('sum(closed)', 'ring_no') }} as closed_before
    from ring_acts

),

ring_features as (

    select
        attempt_no,
        member_count as ring_members,
        {{ share_of('frauds_before', 'closed_before') }} as ring_fraud_share
    from ring_sums
    where attempt_no is not null

)
{%- endmacro %}
