-- The lifecycle is a fixed state machine: no customer makes a move that its rules rule out. Returns the moves.
select
    transitions.period_end,
    transitions.from_state,
    transitions.to_state,
    transitions.customer_count,
    impossible.reason
from {{ ref('customer_lifecycle_transitions') }} as transitions
inner join {{ ref('lifecycle_impossible_moves') }} as impossible
    on transitions.from_state = impossible.from_state
    and transitions.to_state = impossible.to_state
