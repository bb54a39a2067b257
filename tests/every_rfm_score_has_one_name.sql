-- Each of the 125 RFM scores has exactly one name, whether a customer has that score today or not.
with

fifths as (

    select generated_number as score
    from ({{ dbt.generate_series(5) }}) as numbers

),

scores as (

    select
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score,
        cast(floor((frequency.score + monetary.score + 1) / 2e0) as integer) as value_score
    from fifths as recency
    cross join fifths as frequency
    cross join fifths as monetary

)

select
    scores.recency_score,
    scores.frequency_score,
    scores.monetary_score,
    count(names.rfm_segment) as name_count
from scores
left join {{ ref('rfm_segments') }} as names
    on scores.recency_score = names.recency_score
    and scores.value_score = names.value_score
group by scores.recency_score, scores.frequency_score, scores.monetary_score
having count(names.rfm_segment) <> 1
