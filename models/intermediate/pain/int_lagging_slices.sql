-- Slices of which fewer sessions get from one stage to the next than of their fellows, and what catching up with the
-- middle one would bring. Slices are compared as they are; a problem that is named already is not named again.
with

slice_steps as (

    select * from {{ ref('int_slice_steps') }}

),

named_pains as (

    select
        tests.stage_order,
        tests.channel,
        tests.device,
        tests.country
    from {{ ref('int_pain_named') }} as named
    inner join {{ ref('int_pain_tests') }} as tests
        on named.friction = tests.friction
        and named.stage_order = tests.stage_order
        and named.slice_name = tests.slice_name
        and named.slice_value = tests.slice_value

),

tested as (

    select
        *,
        coalesce((pass_rate - other_pass_rate) / nullif(sqrt(variance + other_variance), 0), 0) as z_score
    from slice_steps

),

judged as (

    select
        *,
        {{ normal_tails('z_score') }} as p_value
    from tested

),

raised as (

    select
        *,
        {{ raised_p_value('p_value') }} as raised_p_value
    from judged

),

corrected as (

    select
        *,
        {{ false_discovery_rate('p_value', 'raised_p_value') }} as q_value
    from raised

),

-- Each session more that passes is worth what those that pass are worth today.
valued as (

    select
        *,
        sqrt(variance) as pass_rate_error,
        session_count * nullif(amount_cents, 0) / 100e0 / nullif(passed_count, 0) as value_of_all
    from corrected

),

final as (

    select
        valued.slice_name,
        valued.slice_value,
        valued.stage,
        valued.next_stage,

        valued.stage_order,
        valued.session_count,
        valued.pass_rate,
        valued.usual_pass_rate,
        valued.pass_rate_error,
        valued.value_of_all * (valued.usual_pass_rate - valued.pass_rate) as value_of_catching_up,
        valued.value_of_all * (valued.usual_pass_rate - valued.pass_rate - 1.959964e0 * valued.pass_rate_error)
            as value_lower,
        valued.value_of_all * (valued.usual_pass_rate - valued.pass_rate + 1.959964e0 * valued.pass_rate_error)
            as value_upper,
        valued.q_value
    from valued
    left join named_pains
        on valued.stage_order = named_pains.stage_order
        and case valued.slice_name
            when 'channel' then valued.slice_value = named_pains.channel
            when 'device' then valued.slice_value = named_pains.device
            else valued.slice_value = named_pains.country
        end
    where named_pains.stage_order is null
        and valued.pass_rate < valued.usual_pass_rate
        and valued.z_score < 0
        and valued.q_value <= {{ double_var('pain_false_discovery_rate') }}

)

select * from final
