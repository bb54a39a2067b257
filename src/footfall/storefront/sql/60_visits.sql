-- Visits: when, with what device, how well identified, how likely to buy, and how they ended.

create temp table candidate_visits as

with

expected as (

    select
        person_no,
        person_key,
        visits_per_day,
        acquired_us,
        churned_us,
        is_known_before_start,
        clock_from,
        clock_to,
        visits_per_day * (clock_to - clock_from) / 1000000 as expected_visits
    from people

),

drawn as (

    select
        *,
        unnest(range((expected_visits + 3.5 * sqrt(expected_visits) + 4)::bigint)) as draw_no
    from expected

),

-- Exponential gaps on the visits' clock; who is new comes at once
gaps as (

    select
        *,
        case
            when draw_no = 0 and not is_known_before_start then 0
            else (1000000 * exponential(child(person_key, draw_no), 'gap') / visits_per_day)::bigint
        end as gap
    from drawn

),

timed as (

    select
        *,
        clock_from
        + (sum(gap) over (partition by person_no order by draw_no rows unbounded preceding))::bigint as clock
    from gaps

)

select
    timed.person_no,
    false as is_campaign_click,
    case
        when timed.draw_no = 0 and not timed.is_known_before_start then timed.acquired_us
        else calendar_slots.day_us + time_of_day(child(timed.person_key, timed.draw_no))
    end as started_us,
    timed.acquired_us,
    timed.churned_us
from timed
inner join calendar_slots on timed.clock // 20000 = calendar_slots.slot
where timed.clock <= timed.clock_to;

-- Mails go to who has agreed, whether or not they are still there; some of those who are there click.
create temp table deliveries as

select
    people.person_no,
    campaigns.campaign_no,
    child(child(people.person_key, campaigns.campaign_no), 77) as delivery_key,
    campaigns.starts_us
    + ((6 + 3 * uniform(child(people.person_key, campaigns.campaign_no), 'sent')) * 3600)::bigint
    * 1000000 as delivered_us,
    people.churned_us,
    people.price_sensitivity,
    people.acquired_us
from people
inner join campaigns on people.acquired_us + getvariable('day_us') < campaigns.starts_us
where people.has_consent;

create temp table visits as

with

clicks as (

    select
        person_no,
        true as is_campaign_click,
        delivered_us + (exponential(delivery_key, 'delay') * 5 * 3600)::bigint * 1000000 as started_us,
        acquired_us,
        churned_us
    from deliveries
    where
        churned_us > delivered_us
        and uniform(delivery_key, 'click') < 0.08 + 0.16 * price_sensitivity

),

unioned as (

    select * from candidate_visits

    union all

    select * from clicks

),

-- Visits of one person keep three hours apart, so that each is a session by any sensible gap
spaced as (

    select
        person_no,
        is_campaign_click,
        started_us,
        lag(started_us) over (partition by person_no order by started_us, is_campaign_click) as previous_us
    from unioned
    where
        started_us >= acquired_us
        and started_us <= churned_us
        and started_us < getvariable('end_us')

),

numbered as (

    select
        person_no,
        is_campaign_click,
        started_us,
        previous_us,
        row_number() over (partition by person_no order by started_us) as visit_no
    from spaced
    where previous_us is null or started_us - previous_us > 10800000000

),

counted as (

    select
        numbered.person_no,
        numbered.is_campaign_click,
        numbered.started_us,
        numbered.previous_us,
        numbered.visit_no,
        count(*) over (partition by numbered.person_no) as visit_count
    from numbered

),

described as (

    select
        counted.person_no,
        counted.person_no * 4096 + counted.visit_no as visit_no,
        child(people.person_key, counted.visit_no) as visit_key,
        child(people.person_key, greatest(1, counted.visit_no - 1)) as previous_visit_key,
        counted.visit_no as visit_of_person,
        counted.is_campaign_click,
        counted.started_us,
        people.person_key,
        people.kind,
        people.ring_no,
        people.ring_device_count,
        people.country,
        people.spend_level,
        people.price_sensitivity,
        people.first_category_no,
        people.second_category_no,
        people.first_category_share,
        people.second_category_share,
        people.has_consent,
        people.device_count,
        case
            when people.kind in ('visitor', 'bot') then null
            when people.is_known_before_start then 0
            else least(people.register_at_visit, counted.visit_count)
        end as register_at_visit,
        -- The log-odds of reaching the checkout, without the experiments
        people.conversion_log_odds
        + case
            when counted.started_us - counted.previous_us < 2 * getvariable('day_us') then 0.35
            else 0
        end
        + case when counted.is_campaign_click then 0.5 else 0 end
        + case
            when
                people.is_fading
                and people.churned_us - counted.started_us < getvariable('fading_days') * getvariable('day_us')
                then getvariable('fading_log_odds')
            else 0
        end as log_odds
    from counted
    inner join people on counted.person_no = people.person_no

),

placed as (

    select
        described.*,
        calendar.month_no,
        months.season_category_no,
        described.log_odds
        + 0.6 * ln(calendar.intensity / 1000000)
        + coalesce(campaigns.log_odds * 2 * described.price_sensitivity * described.has_consent::integer, 0)
            as base_log_odds,
        campaigns.campaign_no,
        experiments.experiment_no,
        experiments.log_odds as experiment_log_odds,
        uniform(child(described.person_key, coalesce(experiments.experiment_no, 0)), 'variant') < 0.5 as is_treated,
        -- Four visits in five use the first device
        case
            when described.ring_device_count is not null
                then floor(uniform(described.visit_key, 'device') * described.ring_device_count)::integer
            when uniform(described.visit_key, 'device') < 0.8 then 0
            else floor(uniform(described.visit_key, 'other device') * described.device_count)::integer
        end as device_slot
    from described
    inner join calendar
        on described.started_us // getvariable('day_us') = calendar.day_us // getvariable('day_us')
    inner join months on calendar.month_no = months.month_no
    left outer join campaigns
        on
            described.started_us >= campaigns.starts_us
            and described.started_us < campaigns.ends_us
    left outer join experiments
        on
            described.kind <> 'bot'
            and described.started_us >= experiments.starts_us
            and described.started_us < experiments.ends_us

),

devices as (

    select
        *,
        -- Most rings and some households share their devices
        case
            when ring_device_count is not null then -1 - (ring_no * 8 + device_slot)
            when
                kind = 'customer'
                and device_slot = 0
                and person_no % getvariable('shared_device_every') = getvariable('shared_device_every') - 1
                then (person_no - 1) * 4
            else person_no * 4 + device_slot
        end as device_no
    from placed

),

funnels as (

    select
        *,
        child(root('device'), device_no + 4000000000) as device_key,
        case
            when kind = 'bot' or kind = 'visitor' then 0
            when visit_of_person < register_at_visit then 0
            when kind = 'fraud' then 0.75
            else logistic(base_log_odds)
        end as control_reach,
        case
            when kind = 'bot' or kind = 'visitor' then 0
            when visit_of_person < register_at_visit then 0
            when kind = 'fraud' then 0.75
            else logistic(base_log_odds + coalesce(experiment_log_odds, 0))
        end as treated_reach
    from devices

),

typed as (

    select
        *,
        case when experiment_no is not null and is_treated then treated_reach else control_reach end
            as reach_probability,
        case
            when kind = 'bot' then 'desktop'
            else
                [
                    'desktop',
                    'desktop',
                    'desktop',
                    'android',
                    'android',
                    'android',
                    'iphone',
                    'iphone',
                    'tablet',
                    'desktop'
                ][
                    1 + floor(uniform(device_key, 'type') * 10)::integer
                ]
        end as device
    from funnels

),

slices as (

    select
        *,
        uniform(visit_key, 'reach') < reach_probability as reaches_checkout,
        device = 'android' as is_error_slice,
        device = 'iphone' and country = 'FR' as is_slow_slice,
        -- A checkout as slow as the planted one, at which nobody gives up
        device = 'desktop' and country = 'NL' as is_innocent_slow_slice
    from typed

),

checkouts as (

    select
        *,
        -- Would pay, were there no friction
        reaches_checkout
        and uniform(visit_key, 'complete') < getvariable('checkout_completion') as is_willing,
        kind <> 'fraud'
        and is_slow_slice
        and uniform(visit_key, 'slow') < getvariable('slow_step_loss') as gives_up_slow,
        kind <> 'fraud'
        and uniform(visit_key, 'error') < case
            when is_error_slice then getvariable('payment_error_probability')
            else getvariable('payment_error_innocent_probability')
        end as meets_error,
        is_error_slice and uniform(visit_key, 'error loss') < getvariable('payment_error_loss') as gives_up_error
    from slices

),

outcomes as (

    select
        *,
        is_willing and not gives_up_slow as attempts_payment,
        is_willing and gives_up_slow as is_lost_slow,
        is_willing and not gives_up_slow and meets_error as has_payment_error,
        is_willing and not gives_up_slow and meets_error and gives_up_error as is_lost_error
    from checkouts

),

paced as (

    select
        *,
        attempts_payment and not is_lost_error as is_converted,
        case
            when kind = 'bot' then 1.3
            else greatest(6, least(100, exp(3.2 + 0.5 * normal(visit_key, 'pace'))))
        end as pace,
        case
            when kind = 'bot' then (120 + 450 * uniform(visit_key, 'depth'))::integer
            when reaches_checkout then 2 + least(14, floor(exponential(visit_key, 'depth') * 3.6))::integer
            when uniform(visit_key, 'bounce') < 0.45 then 1
            else 1 + least(14, floor(exponential(visit_key, 'depth') * 1.9))::integer
        end as view_count
    from outcomes

),

final as (

    select
        * exclude (device_key, previous_visit_key),
        -- The chance to pay once at the checkout
        getvariable('checkout_completion')
        * case when kind <> 'fraud' and is_slow_slice then 1 - getvariable('slow_step_loss') else 1 end
        * case
            when kind <> 'fraud' and is_error_slice
                then 1 - getvariable('payment_error_probability') * getvariable('payment_error_loss')
            else 1
        end as payment_probability,
        case when visit_of_person = 1 then null else previous_visit_key end as previous_visit_key,
        case
            when reaches_checkout
                then least(
                    view_count,
                    1 + (uniform(visit_key, 'cart') < 0.42)::integer + (uniform(visit_key, 'cart') < 0.15)::integer
                )
            when kind <> 'bot' and view_count > 1 and uniform(visit_key, 'cart') < 0.11 then 1
            else 0
        end as cart_count,
        2 + floor(uniform(visit_key, 'walk') * 3)::integer as walk_length,
        -- Percent off the whole order
        case
            when
                uniform(visit_key, 'discount')
                < price_sensitivity * case when campaign_no is null then 0.25 else 0.8 end
                then 5 * (1 + floor(uniform(visit_key, 'percent') * 5)::integer)
            else 0
        end as discount_percent,
        -- The checkout comes after the last view; its form takes longer on the slow slices
        started_us + ((view_count + 1) * pace * 1000000)::bigint + 20000000 as checkout_us,
        (
            1000000 * (20 + 60 * uniform(visit_key, 'form'))
            * case when is_slow_slice or is_innocent_slow_slice then 3 + 3 * uniform(visit_key, 'wait') else 1 end
        )::bigint as form_us,
        case
            when is_campaign_click then 'email'
            else
                [
                    'direct',
                    'direct',
                    'direct',
                    'organic',
                    'organic',
                    'organic',
                    'paid_search',
                    'paid_search',
                    'social',
                    'referral'
                ][
                    1 + floor(uniform(visit_key, 'channel') * 10)::integer
                ]
        end as channel,
        case
            when kind in ('visitor', 'bot') or visit_of_person < register_at_visit then 'anonymous'
            when visit_of_person = register_at_visit then 'registers'
            when uniform(visit_key, 'identity') < 0.74 then 'known'
            when reaches_checkout or uniform(visit_key, 'identity') < 0.90 then 'logs in'
            else 'anonymous'
        end as identity
    from paced

)

select
    visit_no,
    visit_key,
    previous_visit_key,
    person_no,
    visit_of_person,
    as_kind(kind) as kind,
    device_no,
    started_us,
    month_no,
    season_category_no,
    first_category_no,
    second_category_no,
    first_category_share,
    second_category_share,
    spend_level,
    as_channel(channel) as channel,
    as_device(device) as device,
    as_country(country) as country,
    identity::enum('anonymous', 'registers', 'logs in', 'known') as identity,
    -- From here on the visit's events carry the customer
    case identity
        when 'known' then started_us
        when 'anonymous' then null
        else
            started_us
            + (pace * 1000000 * (0.55 + floor(uniform(visit_key, 'login') * view_count)))::bigint
    end as identified_us,
    experiment_no,
    is_treated,
    control_reach,
    treated_reach,
    reach_probability,
    payment_probability,
    pace,
    view_count,
    cart_count,
    walk_length,
    discount_percent,
    checkout_us,
    checkout_us + form_us as attempted_us,
    checkout_us + form_us + case when has_payment_error or kind = 'fraud' then 80000000 else 0 end as paid_us,
    ring_no,
    is_error_slice,
    is_slow_slice,
    is_innocent_slow_slice,
    reaches_checkout,
    is_willing,
    attempts_payment,
    has_payment_error,
    is_lost_slow,
    is_lost_error,
    is_converted
from final;

drop table candidate_visits;
