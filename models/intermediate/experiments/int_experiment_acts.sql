-- What units did on each day, by measure: before their first exposure, back to the begin of their history, and after
-- it, until their window ends. What happened in the moment of the exposure came after it. An order belongs to the time
-- that it was placed at, and a refund to its order: one that was placed before the exposure is no outcome of it. The
-- session of the first exposure counts neither way: it was under way, whichever of its acts came first.
with

exposures as (

    select * from {{ ref('int_experiment_units') }}

),

lines as (

    select * from {{ ref('int_order_lines') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

stitched as (

    select * from {{ ref('int_stitched_events') }}

),

declared as (

    select * from {{ ref('experiment_metrics') }}

),

unit_lines as (

    select
        exposures.experiment,
        exposures.unit_no,
        exposures.first_exposed_at,
        lines.order_key,
        lines.event_type,
        lines.amount,
        lines.booked_at,
        lines.booked_at < exposures.first_exposed_at as is_before
    from exposures
    inner join lines
        on exposures.unit_no = lines.visitor_no
        and exposures.history_starts_at <= lines.booked_at
    where (exposures.window_ends_at is null or lines.booked_at < exposures.window_ends_at)
        and (lines.booked_at < exposures.first_exposed_at or lines.ordered_at >= exposures.first_exposed_at)

),

acts as (

    select
        experiment,
        unit_no,
        'orders' as measure,
        1e0 as amount,
        min(booked_at) as acted_at,
        min(booked_at) < first_exposed_at as is_before
    from unit_lines
    where event_type = 'purchase'
    group by experiment, unit_no, first_exposed_at, order_key

    union all

    select
        experiment,
        unit_no,
        'net_amount' as measure,
        amount,
        booked_at as acted_at,
        is_before
    from unit_lines

    union all

    select
        experiment,
        unit_no,
        'refunds' as measure,
        -amount as amount,
        booked_at as acted_at,
        is_before
    from unit_lines
    where event_type = 'refund'

    union all

    select
        exposures.experiment,
        exposures.unit_no,
        'sessions' as measure,
        1e0 as amount,
        sessions.session_started_at as acted_at,
        sessions.session_started_at < exposures.first_exposed_at as is_before
    from exposures
    inner join sessions
        on exposures.unit_no = sessions.visitor_no
        and exposures.history_starts_at <= sessions.session_started_at
        and (exposures.visit_started_at is null or exposures.visit_started_at <> sessions.session_started_at)
    where exposures.window_ends_at is null
        or sessions.session_started_at < exposures.window_ends_at

    union all

    select
        exposures.experiment,
        exposures.unit_no,
        declared.metric as measure,
        case declared.measure when 'amount' then stitched.amount when 'quantity' then stitched.quantity else 1e0 end
            as amount,
        stitched.event_at as acted_at,
        stitched.event_at < exposures.first_exposed_at as is_before
    from declared
    inner join stitched on declared.event_type = stitched.event_type
    inner join exposures
        on stitched.visitor_no = exposures.unit_no
        and stitched.event_at >= exposures.history_starts_at
        and (exposures.window_ends_at is null or stitched.event_at < exposures.window_ends_at)

),

final as (

    select
        experiment,
        unit_no,
        measure,
        coalesce(sum(amount), 0e0) as amount,
        is_before,
        {{ shop_day_of('acted_at') }} as acted_on,
        min(acted_at) as first_acted_at
    from acts
    group by experiment, unit_no, measure, is_before, {{ shop_day_of('acted_at') }}

)

select * from final
