-- The newest snapshot of the segments and `customer_rfm` give each customer the same scores.
with

segments as (

    select * from {{ ref('customer_segments') }}
    where is_as_of

)

select
    rfm.customer_key,
    rfm.rfm_score,
    segments.rfm_score as segment_rfm_score
from {{ ref('customer_rfm') }} as rfm
full outer join segments
    on rfm.customer_key = segments.customer_key
where rfm.rfm_score is distinct from segments.rfm_score
