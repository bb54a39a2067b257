{{ config(materialized='incremental', incremental_strategy='append') }}
-- depends_on: {{ ref('int_arrival_days') }}, {{ ref('int_arrivals') }}, {{ ref('int_repeated_events') }}
-- depends_on: {{ source('earlier_run', 'int_accepted_events') }}
-- depends_on: {{ source('earlier_run', 'int_identity_links') }}

-- The accepted events that are so no longer, or no longer under the same time, customer or device: a log that only
-- grows. Whoever takes in events takes these out: an accepted event leaves when it is withdrawn after it was loaded.
-- A run that broke off before that withdraws the event once more.
with

{% if is_incremental() and has_earlier_run('int_accepted_events') -%}
accepted as {{ read_each_time() }} (

    select * from {{ earlier_run('int_accepted_events') }}

),

links as (

    {% set has_links = has_earlier_run('int_identity_links') -%}
    select * from {{ earlier_run('int_identity_links') if has_links else 'accepted where false' }}

),

requests as (
    {{ requests_to_leave('accepted') }}
),

repeated as (

    select * from {{ ref('int_repeated_events') }}

),

arrivals as (
    {{ pending_arrivals('arrivals.*, ' ~ event_key('arrivals') ~ ' as event_key') }}
),

-- Deliveries that may come before the accepted one, the first of them first. One of the same moment counts only where
-- there are several: a single one is the accepted delivery itself. What they come before was received when they were or
-- later: accepted events of before the days that are read now are passed over unread.
rivals as (

    select
        arrivals.*,
        row_number() over (
            partition by arrivals.source, arrivals.event_key
            order by {{ delivery_order('arrivals') }}
        ) as delivery_no
    from arrivals
    inner join accepted
        on arrivals.event_key = accepted.event_id
        and arrivals.source = accepted.source
    left join repeated
        on arrivals.event_key = repeated.event_id
        and arrivals.source = repeated.source
    where arrivals.reason is null
        and not {{ is_expired('accepted') }}
        and {{ may_displace('arrivals', 'accepted', 'repeated') }}
        {{ and_not_leaving('accepted') }}

),

{{ key_numbers('rivals') }},

keyed as (
    {{ with_keys('rivals') }}
    where arrivals.delivery_no = 1
),

displaced as (

    select
        keyed.source,
        keyed.event_id,
        'displaced' as reason
    from keyed
    inner join accepted
        on keyed.event_id = accepted.event_id
        and keyed.source = accepted.source
        and accepted.received_at >= {{ earliest_pending_time() }}
    where keyed.received_at <> accepted.received_at
        {%- for column in ['customer_no', 'anonymous_no'] + delivery_content() %}
        or keyed.{{ column }} is distinct from accepted.{{ column }}
        {%- endfor %}

),

-- No event is withdrawn twice: deliveries of one that is asked to leave are rejected, and displace nothing.
withdrawals as (

    select * from requests

    union all

    select * from displaced
    {{ gone_events('accepted', 'arrivals', 'requests') }}

),

final as (

    select
        accepted.source,
        accepted.event_id,
        coalesce(accepted.customer_no, links.customer_no, accepted.anonymous_no) as visitor_no,
        accepted.customer_no,
        accepted.anonymous_no,
        accepted.order_id,

        withdrawals.reason,

        accepted.event_at,
        accepted.received_at,
        {{ later_than_all([('withdrawn_at', this), ('loaded_at', earlier_run('int_accepted_events'))]) }}
            as withdrawn_at
    from accepted
    inner join withdrawals
        on accepted.event_id = withdrawals.event_id
        and accepted.source = withdrawals.source
    left join links
        on accepted.anonymous_no = links.anonymous_no
        and accepted.customer_no is null

)
{%- else -%}
-- Nothing is accepted yet that could leave.
final as (

    select
        cast(null as string) as source,
        cast(null as string) as event_id,
        cast(null as bigint) as visitor_no,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as anonymous_no,
        cast(null as string) as order_id,
        cast(null as string) as reason,
        cast(null as {{ moment_type() }}) as event_at,
        cast(null as {{ moment_type() }}) as received_at,
        cast(null as {{ moment_type() }}) as withdrawn_at
    from {{ ref('int_withdrawal_requests') }}
    where false

)
{%- endif %}

select * from final
