{{ config(materialized='view') }}

-- How many texts there are of each kind and language, how many of them have no words, and how many were cut.
with

texts as (

    select * from {{ ref('int_texts') }}

),

final as (

    select
        source,
        text_kind,
        language,

        count(*) as text_count,
        count(rating) as rated_count,
        count(case when not has_words then 1 end) as wordless_count,
        count(case when is_cut then 1 end) as cut_count
    from texts
    group by source, text_kind, language

)

select * from final
