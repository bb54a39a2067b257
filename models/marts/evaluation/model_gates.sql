-- What every score has to pass before anybody acts on it, one row a check: the figure, its bound, and in words which
-- score fails and by how much.
with

backtest_checks as (

    select * from {{ ref('int_backtest_checks') }}

),

served_checks as (

    select * from {{ ref('int_served_checks') }}

),

checks as (

    select
        subject,
        gate,
        metric,
        interval_end,
        figure,
        lower_limit,
        upper_limit
    from backtest_checks
    union all
    select
        subject,
        gate,
        metric,
        cast(null as string) as interval_end,
        figure,
        lower_limit,
        upper_limit
    from served_checks

),

final as (

    select
        md5(concat_ws('|', subject, gate, metric)) as gate_id,

        subject,
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

        figure,
        lower_limit,
        upper_limit,

        coalesce(figure >= lower_limit, true) and coalesce(figure <= upper_limit, true) as is_passed
    from checks
    where figure is not null

)

select * from final
