-- Above what outcomes and covariates are capped: at one quantile over all units of all arms, zeros included, so that no
-- arm is capped lower than another. As known now, and as known at the first planned look, which later data cannot move:
-- the read-outs of planned looks are capped there. Shares are never capped, nor days, which end with their window.
with

unit_values as (

    select * from {{ ref('int_experiment_values') }}

),

looks as (

    select
        experiment,
        min(look_on) as first_look_on
    from {{ ref('int_experiment_looks') }}
    group by experiment

),

counted as (

    select
        *,
        'now' as known_at
    from unit_values
    where is_closed or not has_window

    union all

    select
        unit_values.*,
        'first_look' as known_at
    from unit_values
    inner join looks
        on unit_values.experiment = looks.experiment
        and unit_values.closed_on <= looks.first_look_on
    where unit_values.is_closed

),

final as (

    select
        experiment,
        metric,
        known_at,
        count(*) as unit_count,
        {{ winsor_threshold('outcome') }} as outcome_threshold,
        {{ winsor_threshold('denominator') }} as denominator_threshold,
        {{ winsor_threshold('covariate') }} as covariate_threshold
    from counted
    group by experiment, metric, known_at

)

select * from final
