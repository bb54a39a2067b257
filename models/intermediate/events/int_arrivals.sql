{{ config(materialized='view') }}

-- Every raw row of every source in the shape of the contract, with the reason it breaks the contract, if it does.
-- Ids are raw here, as in staging: a view stores nothing, and the tables that read it keep keys.
-- A view, and the raw row stays as it is: it is made text by the model that keeps it, for the few rows it keeps.
-- (Rows of several sources have different shapes and must be JSON before they can be stacked.)
{%- set columns = delivery_columns() + ['rejection', raw_row_as_json('raw_row') ~ ' as raw_row'] %}
with

staged as (
    {{ union_sources('events', columns='*' if enabled_sources() | length == 1 else columns | join(', ')) }}
),

event_types as (

    select * from {{ ref('event_types') }}

),

withdrawal_requests as (

    select * from {{ ref('int_withdrawal_requests') }}

),

-- A key of each row is made only where somebody asks by key.
requests_by_key as (

    select count(case when is_by_key then 1 end) as request_count
    from withdrawal_requests

),

currency_rates as (

    select * from {{ ref('currency_rates') }}
    where reporting_currency = {{ reporting_currency_literal() }}

),

measured as (

    select
        staged.*,
        {{ utc_date('staged.received_at') }} as received_on,
        event_types.is_accepted,
        {{ act_rank('event_types') }} as act_rank,
        coalesce(asked_by_id.reason, asked_by_key.reason) as withdrawal_reason,
        {{ is_erased() }} as is_erased,
        {{ channel_group('staged', source_category('staged')) }} as channel_group,
        {{ stated_amount('staged') }} as stated_amount,
        case
            when {{ reporting_currency_literal() }} is null or staged.currency is null then 1e0
            when staged.currency = {{ reporting_currency_literal() }} then 1e0
            else currency_rates.rate
        end as rate
    from staged
    left join event_types on staged.event_type = event_types.event_type
    cross join requests_by_key
    left join withdrawal_requests as asked_by_id
        on staged.event_id = asked_by_id.given_id
        and staged.source = asked_by_id.source
        and not asked_by_id.is_by_key
    left join withdrawal_requests as asked_by_key
        on case when requests_by_key.request_count > 0 then {{ event_key('staged') }} end = asked_by_key.event_id
        and staged.source = asked_by_key.source
        and asked_by_key.is_by_key
    left join currency_rates on staged.currency = currency_rates.currency
    {{ source_category_joins('staged') }}
    {{ erased_joins('staged') }}

),

{{ masking_ctes('measured', masked_columns().events) }},

final as (

    select
        source,
        event_id,
        customer_id, device_id,
        item_id, order_id,

        event_type,
        session_hint,
        -- As the source gives it; else what its source, medium and campaign come to.
        coalesce(masked_channel, channel_group) as channel,
        masked_traffic_source as traffic_source,
        masked_traffic_medium as traffic_medium,
        masked_campaign as campaign,
        masked_landing_page as landing_page,
        device,
        country,
        {{ payment_columns() | join(', ') }},
        source_event_id, masked_message_text as message_text,
        masked_properties as properties,
        {{ 'case when not is_erased then raw_row end as raw_row' if has_tombstones() else 'raw_row' }},

        quantity,
        unit_price * rate as unit_price,
        case
            when event_type = 'refund' then -abs(stated_amount) * rate
            else stated_amount * rate
        end as amount,
        abs(listed_amount) * rate as listed_amount,
        coalesce({{ reporting_currency_literal() }}, currency) as currency,

        event_at,
        received_at, received_on,
        sequence_no,
        act_rank,
        is_erased,
        case
            when is_erased then 'erased'
            when withdrawal_reason is not null then 'withdrawn: ' || withdrawal_reason
            when {{ is_expired() }} then 'expired: older than is kept (var keep_months)'
            when rejection is not null then rejection
            when event_at is null then 'event_at is missing or is no time'
            when event_at < {{ moment(var("earliest_event_date") ~ " 00:00:00+00") }}
                then {{ sql_text('event_at is before ' ~ var('earliest_event_date') ~ ' (var earliest_event_date)') }}
            when {{ seconds_between('received_at', 'event_at') }} > {{ var('future_tolerance_minutes') }} * 60
                then 'event_at is later than received_at'
            when event_at
                > {{ dbt.dateadd('minute', var('future_tolerance_minutes'), moment(run_started_at.isoformat())) }}
                then 'event_at is in the future'
            when event_type is null then 'event_type is missing'
            when is_accepted is null
                then 'event_type ' || event_type || ' is not in seeds/event_types.csv: add it, or translate it'
                    || ' (seeds/event_name_map.csv, var custom_event_names)'
            when not is_accepted
                then 'event_type ' || event_type || ' is marked as not accepted in seeds/event_types.csv'
            when event_type in {{ label_event_types() }} and order_id is null and labelled_event_id is null
                then event_type || ' of no payment: neither order_id nor labelled_event_id'
            -- What was paid and given back counts, also where nobody knows by whom: without consent, or over a counter.
            when customer_id is null and device_id is null and event_type not in {{ event_types_of_nobody() }}
                then 'neither customer_id nor device_id'
            when event_type <> 'refund' and quantity < 0 then 'quantity is negative'
            when unit_price < 0 then 'unit_price is negative'
            when event_type <> 'refund' and stated_amount < 0 then 'amount is negative'
            when abs(quantity) >= 1e12 then 'quantity is 1e12 or more, or no finite number'
            when unit_price >= 1e12 then 'unit_price is 1e12 or more, or no finite number'
            when abs(coalesce(stated_amount, listed_amount)) >= 1e12 then 'amount is 1e12 or more, or no finite number'
            when rate is null
                then 'currency ' || currency || ' has no rate in seeds/currency_rates.csv (var reporting_currency)'
        end as reason
    from masked

)

select * from final
