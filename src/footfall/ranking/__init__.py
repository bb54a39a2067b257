"""The final ranking: candidates from the network and the counts, ordered by a learned mixture.

The network, the counts together and popularity each propose what they rank highest. For the union
of these the ranker then weighs all components against each other. An item that is not proposed
comes after all that are, in the order of the network.
"""

from footfall.ranking.batch import Batch, batches
from footfall.ranking.candidates import COMPONENTS, PROPOSED, SPARSE, Candidates, Scores
from footfall.ranking.context import Context, context_at
from footfall.ranking.customer_features import SITUATION
from footfall.ranking.steps import RECENT_DECAY, Steps, bought_before, recent_items
from footfall.ranking.targets import Targets, evaluate, ranked_by, targets_between, targets_of

__all__ = [
    "COMPONENTS",
    "PROPOSED",
    "RECENT_DECAY",
    "SITUATION",
    "SPARSE",
    "Batch",
    "Candidates",
    "Context",
    "Scores",
    "Steps",
    "Targets",
    "batches",
    "bought_before",
    "context_at",
    "evaluate",
    "ranked_by",
    "recent_items",
    "targets_between",
    "targets_of",
]
