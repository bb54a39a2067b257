-- Sums over the units of each segment, by arm and metric, as `int_experiment_sums` has them over all units: one pass
-- over the outcomes, by all that is known of a unit when it was exposed, and then by each of it. Units in two arms are
-- left out, and units whose window is not over. The tier is by what a unit spent in its history, with the share of VIPs
-- among buyers that value has (var `vip_share`).
{%- set kinds = {
    'channel': 'channel', 'device': 'device', 'country': 'country', 'new_or_known': 'familiarity', 'tier_before': 'tier'
} %}
{%- set sums = {
    'nonzero_count': 'case when outcomes.outcome <> 0 then 1e0 else 0e0 end',
    'outcome_sum': 'outcomes.outcome',
    'outcome_square_sum': 'outcomes.outcome * outcomes.outcome',
    'covariate_sum': 'outcomes.covariate',
    'covariate_square_sum': 'outcomes.covariate * outcomes.covariate',
    'outcome_covariate_sum': 'outcomes.outcome * outcomes.covariate',
    'denominator_sum': 'outcomes.denominator',
    'denominator_square_sum': 'outcomes.denominator * outcomes.denominator',
    'outcome_denominator_sum': 'outcomes.outcome * outcomes.denominator',
    'covariate_denominator_sum': 'outcomes.covariate * outcomes.denominator',
} %}
{%- set summed, added = [], [] %}
{%- for name, summand in sums.items() %}
{%- do summed.append('sum(' ~ summand ~ ') as ' ~ name) %}
{%- do added.append('sum(' ~ name ~ ') as ' ~ name) %}
{%- endfor %}
with

outcomes as (

    select * from {{ ref('int_experiment_outcomes') }}
    where not is_switcher
        and (is_closed or not has_window)

),

units as (

    select * from {{ ref('int_experiment_units') }}

),

histories as (

    select
        experiment,
        unit_no,
        has_history,
        covariate as spent_before
    from {{ ref('int_experiment_values') }}
    where metric = 'net_amount'

),

tiers as (

    select
        experiment,
        {{ quantile('spent_before', 1 - var('vip_share')) }} as vip_amount
    from histories
    where spent_before > 0
    group by experiment

),

described as (

    select
        units.experiment,
        units.unit_no,
        coalesce(units.channel, 'unknown') as channel,
        coalesce(units.device, 'unknown') as device,
        coalesce(units.country, 'unknown') as country,
        case when histories.has_history then 'known' else 'new' end as familiarity,
        case
            when histories.spent_before >= tiers.vip_amount then 'VIP'
            when histories.spent_before > 0 then 'regular'
            else 'potential'
        end as tier
    from units
    inner join histories
        on units.experiment = histories.experiment
        and units.unit_no = histories.unit_no
    left join tiers on units.experiment = tiers.experiment

),

cells as (

    select
        outcomes.experiment,
        outcomes.arm,
        outcomes.metric,
        outcomes.metric_kind,
        {{ prefixed('described', kinds.values() | list) | join(', ') }},
        count(*) as unit_count,
        {{ summed | join(', ') }}
    from outcomes
    inner join described
        on outcomes.experiment = described.experiment
        and outcomes.unit_no = described.unit_no
    group by
        outcomes.experiment, outcomes.arm, outcomes.metric, outcomes.metric_kind,
        {{ prefixed('described', kinds.values() | list) | join(', ') }}

),

final as (
    {% for kind, column in kinds.items() %}
    select
        experiment,
        arm,
        metric,
        metric_kind,
        '{{ kind }}' as segment_kind,
        {{ column }} as segment,
        cast(sum(unit_count) as bigint) as unit_count,
        {{ added | join(', ') }}
    from cells
    group by experiment, arm, metric, metric_kind, {{ column }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select * from final
