-- A chain that is counted right converts as often as the paths that it was counted from. Returns the month with both
-- rates.
select distinct
    effects.period_month,
    effects.base_conversion_rate as chain_rate,
    attribution.base_conversion_rate as observed_rate
from {{ ref('channel_removal_effects') }} as effects
inner join {{ ref('journey_attribution') }} as attribution on effects.period_month = attribution.period_month
where abs(effects.base_conversion_rate - attribution.base_conversion_rate) > 1e-9
