-- How many raw rows each source received on each day, and which days hold rows that are not accounted for yet.
-- The day of arrival is the unit of incremental work: any day whose count moved is read again, whatever its age,
-- so rows may arrive in any order and a killed run is made good by the next.
{%- set accepted = load_built_relation('int_accepted_events') %}
{%- set rejected = load_built_relation('int_rejected_rows') %}
with

-- Read twice, with other columns each time.
staged as not materialized (
    {{ union_sources('events', columns='source, event_id, received_at') }}
),

raw_days as (

    select
        source,
        {{ utc_date('received_at') }} as received_on,
        count(*) as raw_count
    from staged
    group by source, {{ utc_date('received_at') }}

),

accounted_rows as (
    {% if accepted is not none and rejected is not none and not flags.FULL_REFRESH %}
    {%- for relation in [accepted, rejected] %}
    select
        source,
        {{ utc_date('received_at') }} as received_on,
        count(*) as row_count
    from {{ relation }}
    group by source, {{ utc_date('received_at') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {% else %}
    select
        source,
        received_on,
        0 as row_count
    from raw_days
    {% endif %}
),

accounted_days as (

    select
        source,
        received_on,
        sum(row_count) as accounted_count
    from accounted_rows
    group by source, received_on

),

moved_days as (

    select
        raw_days.source,
        raw_days.received_on,
        raw_days.raw_count,
        raw_days.raw_count <> coalesce(accounted_days.accounted_count, 0) as is_moved
    from raw_days
    left join accounted_days
        on raw_days.source = accounted_days.source
        and raw_days.received_on = accounted_days.received_on

),

-- A late file may hold an earlier delivery of an event that stands already: the later one turns into a duplicate,
-- so its day has to be read again as well.
displaced_days as (
    {% if accepted is not none and not flags.FULL_REFRESH %}
    select distinct
        accepted.source,
        {{ utc_date('accepted.received_at') }} as received_on
    from staged
    inner join moved_days
        on staged.source = moved_days.source
        and {{ utc_date('staged.received_at') }} = moved_days.received_on
        and moved_days.is_moved
    inner join {{ accepted }} as accepted
        on staged.event_id = accepted.event_id
        and staged.source = accepted.source
        and staged.received_at < accepted.received_at
    where accepted.received_at >= (select min(received_on) from moved_days where is_moved)
    {% else %}
    select
        source,
        received_on
    from raw_days
    where false
    {% endif %}
),

final as (

    select
        moved_days.source,
        moved_days.received_on,
        moved_days.raw_count,
        moved_days.is_moved or displaced_days.received_on is not null as is_pending
    from moved_days
    left join displaced_days
        on moved_days.source = displaced_days.source
        and moved_days.received_on = displaced_days.received_on

)

select * from final
