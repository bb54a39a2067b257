{#- What pain points are cut by: the name of each slice and the columns of a session that make it. -#}
{% macro pain_slices() -%}
    {{ return({
        'all': [],
        'channel': ['channel'],
        'device': ['device'],
        'country': ['country'],
        'visitor': ['visitor'],
        'device_country': ['device', 'country'],
        'device_visitor': ['device', 'visitor'],
        'segment': ['segment'],
    }) }}
{%- endmacro %}


{#- The columns that such slices are made of. -#}
{% macro pain_parts() -%}
    {{ return(['channel', 'device', 'country', 'visitor', 'segment']) }}
{%- endmacro %}


{#- The slices that slow steps are looked for in. How long customers of a segment take is their habit: no page is slow for
    those alone. -#}
{% macro slow_slices() -%}
    {%- set slices = {} -%}
    {%- for slice_name, parts in pain_slices().items() if 'segment' not in parts -%}
        {%- do slices.update({slice_name: parts}) -%}
    {%- endfor -%}
    {{ return(slices) }}
{%- endmacro %}


{#- What distinguishes sessions when like is compared with like. -#}
{% macro pain_mix() -%}
    {{ return(['quarter'] + pain_parts()) }}
{%- endmacro %}


{#- The columns that say which slice a row is: its name, its value in words, and its parts, empty for "all of them". -#}
{% macro pain_slice_columns(slice_name, alias) -%}
    {%- set parts = pain_slices()[slice_name] -%}
    {%- set values = prefixed(alias, parts) -%}
    '{{ slice_name }}' as slice_name,
        {{ values | join(" || ', ' || ") if parts else "cast('all' as string)" }} as slice_value
        {%- for part in pain_parts() %},
        {{ alias ~ '.' ~ part if part in parts else 'cast(null as string)' }} as {{ part }}
        {%- endfor %}
{%- endmacro %}


{#- Nobody can act on a slice that the source does not record; its sessions are in the slices that are recorded. -#}
{% macro pain_slice_is_told(slice_name, alias) -%}
    {%- set conditions = ['true'] -%}
    {%- for part in pain_slices()[slice_name] -%}
        {%- do conditions.append(alias ~ '.' ~ part ~ " <> 'unknown'") -%}
    {%- endfor -%}
    {{ conditions | join(' and ') }}
{%- endmacro %}


{#- How many sessions there are and how many of them bought, for each slice and some columns besides. -#}
{% macro counted_by_pain_slice(sessions, columns) -%}
    {%- set keys = prefixed(sessions, columns) -%}
    {%- for slice_name, parts in pain_slices().items() %}
    select
        {{ pain_slice_columns(slice_name, sessions) }},
        {{ keys | join(',\n        ') }},
        count(*) as session_count,
        count(case when {{ sessions }}.is_converted then 1 end) as order_count
    from {{ sessions }}
    where {{ pain_slice_is_told(slice_name, sessions) }}
    group by {{ (keys + prefixed(sessions, parts)) | join(', ') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}


{#- Probability that a standard normal is at least this far from 0, on either side. The Chebyshev fit of erfc by
    Press, Teukolsky, Vetterling and Flannery (Numerical Recipes in C, 2nd edition 1992, section 6.2); its relative error
    is below 1.2e-7 everywhere, so that the order of very small probabilities holds as well. A score that is not known is
    no sign of anything: 1. -#}
{% macro normal_tails(z) -%}
    {%- set x = "(least(coalesce(abs(" ~ z ~ "), 0e0), 37e0) / sqrt(2e0))" -%}
    {%- set t = "(1e0 / (1e0 + " ~ x ~ " / 2e0))" -%}
    {%- set fit = namespace(text='0.17087277e0') -%}
    {%- for coefficient in [
        '-0.82215223e0', '1.48851587e0', '-1.13520398e0', '0.27886807e0', '-0.18628806e0', '0.09678418e0', '0.37409196e0',
        '1.00002368e0', '-1.26551223e0'
    ] -%}
        {%- set fit.text = '(' ~ coefficient ~ ' + ' ~ t ~ ' * ' ~ fit.text ~ ')' -%}
    {%- endfor -%}
    least(coalesce({{ t }} * exp({{ fit.text }} - {{ x }} * {{ x }}), 1e0), 1e0)
{%- endmacro %}


{#- What a stratum is weighed by: its sessions, how many of them bought, what they paid, and the squares of that. -#}
{% macro pain_sums(sessions) -%}
    count(*) as session_count,
        count(case when {{ sessions }}.is_converted then 1 end) as order_count,
        sum({{ sessions }}.amount_cents) as cents,
        sum({{ wide_integer(sessions ~ '.amount_cents') }} * {{ sessions }}.amount_cents) as squared_cents
{%- endmacro %}


{#- Whether a session in a place is compared with those that met a friction there. Trouble replaces an act that went
    well, so it is compared with acts that went well and led as far. Help is asked for instead of anything: the
    comparison is with all other sessions in the place, those that ended there included. -#}
{% macro is_friction_comparison(stood, frictions='frictions') -%}
    case
            when {{ frictions }}.is_call_for_help
                then not {{ stood }}.is_call_for_help and {{ stood }}.place_order = {{ frictions }}.stage_order
            else {{ stood }}.has_next and not {{ stood }}.is_friction and {{ stood }}.next_order >= {{ frictions }}.stage_order
        end
{%- endmacro %}


{#- Benjamini and Hochberg (1995) in two steps, because a window cannot be inside a window. First each p-value times the
    tests over the tests with a p-value at most as large; then the least of these from there on up. -#}
{% macro raised_p_value(p_value, family=[]) -%}
    {%- set partition = 'partition by ' ~ family | join(', ') ~ ' ' if family else '' -%}
    {{ p_value }} * count(*) over ({{ partition }})
        / count(*) over ({{ partition }}order by {{ p_value }} range unbounded preceding)
{%- endmacro %}

{% macro false_discovery_rate(p_value, raised_p_value, family=[]) -%}
    {%- set partition = 'partition by ' ~ family | join(', ') ~ ' ' if family else '' -%}
    least(
            coalesce(
                min({{ raised_p_value }}) over ({{ partition }}order by {{ p_value }} desc range unbounded preceding), 1e0
            ), 1e0
        )
{%- endmacro %}


{#- How long the looked-at time is, in months, and its last day. A few days are not blown up to a month. -#}
{% macro pain_months() -%}
select
        max(started_on) as last_day,
        greatest(
            coalesce(
                (1 + {{ days_between('min(started_on)', 'max(started_on)') }})
                / 30.4375e0, 1e0
            ), 1e0
        ) as month_count
    from {{ ref('int_pain_sessions') }}
{%- endmacro %}


{#- A number, or 0 where it is less. What is not known stays unknown: `greatest` of some databases makes a 0 of it. -#}
{% macro not_below_zero(number) -%}
    case when {{ number }} < 0 then 0 else {{ number }} end
{%- endmacro %}


{#- What the estimators of Mantel and Haenszel need of strata of two by two: `a` and `b` are those who met a friction and
    bought, and who met it and did not, `c` and `d` the same for the others; `n1`, `n0` and `n` are their sums. The risk
    difference is that of Greenland and Robins (1985), its variance that of Sato (1989), and the variance by chance that
    of Mantel and Haenszel (1959). -#}
{% macro mantel_haenszel_sums() -%}
    sum(n1 * n0 / n) as weight,
        sum(a * n0 / n) as weighted_with,
        sum(c * n1 / n) as weighted_without,
        sum((n1 * n1 * c - n0 * n0 * a + n1 * n0 * (n0 - n1) / 2e0) / (n * n)) as sato_p,
        sum((a * d + c * b) / (2e0 * n)) as sato_q,
        sum(n1 * n0 * (a + c) * (b + d) / (n * n * {{ at_least('n - 1', 1) }})) as chance_variance
{%- endmacro %}


{#- The greater of two numbers, or the one that is known. -#}
{% macro greater_known(one, other) -%}
    greatest(coalesce({{ one }}, {{ other }}), coalesce({{ other }}, {{ one }}))
{%- endmacro %}
