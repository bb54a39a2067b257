-- Var `segment_learned_on` must name a cut-off at which somebody had bought; otherwise nobody has a segment. Returns
-- the cut-offs to choose from: name one of them, or add the day to var `more_cutoff_dates`.
select distinct scores.cutoff_date
from {{ ref('int_segment_scores') }} as scores
left join {{ ref('segment_thresholds') }} as thresholds on true
where thresholds.segment_no is null
