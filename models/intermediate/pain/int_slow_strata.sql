-- Sessions of slow slices and sessions of the other slices that reached the same stage, in the columns of
-- int_friction_strata. One part of the slice varies and the rest of the mix is held: iPhones in France compared with
-- iPhones in other countries. What sets France apart on the other devices too (`is_elsewhere`) is taken off later.
-- Sessions of another slow slice are not used for comparison: they met a slow step themselves.
{%- set counts = ['session_count', 'order_count', 'cents', 'squared_cents'] %}
{%- set is_in_slice -%}
{% for part in pain_parts() -%}
cells.{{ part }} = coalesce(slow_steps.{{ part }}, cells.{{ part }}){{ ' and ' if not loop.last }}
{%- endfor %}
{%- endset %}
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

slow_steps as (

    select * from {{ ref('int_slow_steps') }}
    where is_slow

),

cells as (

    select
        {{ prefixed('sessions', pain_mix()) | join(',\n        ') }},
        sessions.furthest_funnel_order,
        {{ pain_sums('sessions') }}
    from sessions
    where sessions.furthest_funnel_order is not null
    group by {{ prefixed('sessions', pain_mix()) | join(', ') }}, sessions.furthest_funnel_order

),

staged as (

    select
        {{ prefixed('cells', pain_mix() + counts) | join(',\n        ') }},
        slow_steps.stage_order,
        {{ any_of(is_in_slice) }} as is_slow
    from cells
    inner join slow_steps on cells.furthest_funnel_order >= slow_steps.stage_order
    group by
        {{ prefixed('cells', pain_mix() + counts) | join(', ') }},
        cells.furthest_funnel_order, slow_steps.stage_order

),

contrasted as (
    {% for slice_name, parts in slow_slices().items() if parts %}
    {%- set held = pain_mix() | reject('equalto', parts[-1]) | list %}
    select
        {{ pain_slice_columns(slice_name, 'slow_steps') }},
        slow_steps.stage_order,
        {{ 'staged.' ~ parts[0] ~ ' <> slow_steps.' ~ parts[0] if parts | length > 1 else 'false' }} as is_elsewhere,
        staged.{{ parts[-1] }} = slow_steps.{{ parts[-1] }} as is_with,
        staged.is_slow,
        concat_ws('|', {{ prefixed('staged', held) | join(', ') }}) as stratum,
        {{ prefixed('staged', counts) | join(', ') }}
    from slow_steps
    inner join staged
        on slow_steps.slice_name = '{{ slice_name }}'
        and slow_steps.stage_order = staged.stage_order
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

final as (

    select
        'slow_step' as friction,
        slice_name,
        slice_value,
        channel,
        device,
        country,
        visitor,
        segment,

        stratum,

        stage_order,
        coalesce(sum(case when is_with then session_count end), 0) as with_count,
        coalesce(sum(case when is_with then order_count end), 0) as with_order_count,
        coalesce(sum(case when not is_with then session_count end), 0) as without_count,
        coalesce(sum(case when not is_with then order_count end), 0) as without_order_count,
        coalesce(sum(case when not is_with then cents end), 0) as without_cents,
        coalesce(sum(case when not is_with then squared_cents end), 0) as without_squared_cents,

        is_elsewhere
    from contrasted
    where not is_slow or (is_with and not is_elsewhere)
    group by slice_name, slice_value, channel, device, country, visitor, segment, stage_order, is_elsewhere, stratum
    having count(case when is_with then 1 end) > 0

)

select * from final
