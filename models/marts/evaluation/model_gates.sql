-- What every score has to pass before anybody acts on it, one row a check: the figure, its bound, in words which score
-- fails and by how much, and what is not shown for it.
with

gates as (

    select * from {{ ref('int_score_gates') }}

),

final as (

    select
        md5(concat_ws('|', subject, gate, metric)) as gate_id,

        subject,
        score,
        population,
        gate,
        metric,
        subject || ': ' || coalesce('the ' || interval_end || ' end of ', '') || metric || ' is ' || round(figure, 4)
        || case
            when figure < lower_limit
                then ', ' || round(lower_limit - figure, 4) || ' below the bound of ' || round(lower_limit, 4)
            when figure > upper_limit
                then ', ' || round(figure - upper_limit, 4) || ' above the bound of ' || round(upper_limit, 4)
            else ', within its bounds'
        end as message,
        held_back,
        held_back_key,
        held_back_values,

        cast(horizon_days as integer) as horizon_days,
        figure,
        lower_limit,
        upper_limit,
        cast(customer_count as bigint) as customer_count,

        is_passed
    from gates

)

select * from final
