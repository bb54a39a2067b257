"""Regressions and networks whose log-odds are averaged, from many labels or from few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import expit

from footfall.core.arrays import FloatArray, IntArray
from footfall.evaluation.score_metrics import log_loss
from footfall.heads.learners.calibration import PlattScaling, fit_platt
from footfall.reviews.bag import BagNetwork, fitted_bag
from footfall.reviews.linear import Linear, fitted, held_out

#: Weights of the data against the penalty that are tried.
_STRENGTHS = (1.0, 4.0, 16.0)
#: Parts of networks in the mean that are tried.
_NETWORK_SHARES = (0.0, 0.25, 0.5)
#: Rows below which a network has too little to learn from.
_FEWEST_FOR_NETWORKS = 1_000
#: Strengths of the two steps that learn from few labels.
_SEED_STRENGTH, _SELF_STRENGTH = 1.0, 1.0
#: Times that a network reads labels, and what other models believe.
_EPOCHS, _SELF_EPOCHS = 3, 2
#: A label counts as much as so many texts that were labelled by the models themselves.
_LABEL_WEIGHT = 5
#: A mean of models is less certain than each: its log-odds are stretched before it labels texts.
_STRETCH = 1.5


@dataclass(frozen=True)
class Ensemble:
    """Models whose log-odds are averaged.

    Attributes
    ----------
    members
        Regressions.
    networks
        Networks; there may be none.
    network_share
        The part of the networks' mean, next to the mean of the regressions.
    """

    members: tuple[Linear, ...]
    networks: tuple[BagNetwork, ...] = ()
    network_share: float = 0.0

    def log_odds(self, rows: csr_array) -> FloatArray:
        """Return the log-odds of 1; ``[rows]``."""
        linear = np.mean([member.log_odds(rows) for member in self.members], axis=0)
        if not self.networks:
            return np.asarray(linear, np.float64)
        deep = np.mean([network.log_odds(rows) for network in self.networks], axis=0)
        found: FloatArray = (1.0 - self.network_share) * linear + self.network_share * deep
        return found


def platt(log_odds: FloatArray, labels: FloatArray) -> PlattScaling:
    """Fit the calibration; reviews of one time are all that there is, so it is believed whole."""
    return fit_platt(log_odds, labels, slope_trust=1.0, level_trust=1.0)


def from_many(
    rows: csr_array, labels: FloatArray, folds: IntArray, networks_from: int | None
) -> tuple[Ensemble, FloatArray]:
    """Learn from labels alone.

    The regression learns from all rows, each network from all folds but one. Strength and the part
    of the networks are those with the least loss on rows that were not learned from.

    Parameters
    ----------
    rows, labels
        ``[rows, groups]`` and 0 or 1, ``[rows]``.
    folds
        Of each row; ``[rows]``.
    networks_from
        Seed of the first network; None for no networks.

    Returns
    -------
    The models, and log-odds of each row by models that had not seen it; ``[rows]``.
    """
    tried = [held_out(rows, labels, strength, folds) for strength in _STRENGTHS]
    best = int(np.argmin([_loss(one, labels) for one in tried]))
    members = (fitted(rows, labels, _STRENGTHS[best]),)
    linear = tried[best]
    if networks_from is None or len(labels) < _FEWEST_FOR_NETWORKS:
        return Ensemble(members), linear
    networks: list[BagNetwork] = []
    deep = np.empty(len(labels))
    for fold in np.unique(folds):
        held = folds == fold
        network = fitted_bag(
            rows[~held], labels[~held], networks_from + len(networks), epochs=_EPOCHS
        )
        deep[held] = network.log_odds(rows[held])
        networks.append(network)
    mixed = [(1.0 - share) * linear + share * deep for share in _NETWORK_SHARES]
    share = int(np.argmin([_loss(one, labels) for one in mixed]))
    return Ensemble(members, tuple(networks), _NETWORK_SHARES[share]), mixed[share]


def from_few(
    rows: csr_array,
    labels: FloatArray,
    others: csr_array,
    lexicon_columns: int,
    networks_from: int | None,
) -> Ensemble:
    """Label texts with a first model, and let others learn from these as well.

    The others see groups alone: they have to find out what praise looks like beyond the lexicon.
    With networks this is done twice, and the second time all models label.

    Parameters
    ----------
    rows, labels
        Of texts with labels; ``[rows, groups + lexicon]`` and 0 or 1, ``[rows]``.
    others
        Texts without; ``[others, groups + lexicon]``.
    lexicon_columns
        How many columns at the end are the lexicon's.
    networks_from
        Seed of the first network; None for no networks.
    """
    first = Ensemble((fitted(rows, labels, _SEED_STRENGTH),))
    taught = _taught(first, 1.0, rows, labels, others, lexicon_columns, networks_from)
    if not taught.networks or networks_from is None:
        return taught
    return _taught(taught, _STRETCH, rows, labels, others, lexicon_columns, networks_from + 1)


def _taught(
    teacher: Ensemble,
    stretch: float,
    rows: csr_array,
    labels: FloatArray,
    others: csr_array,
    lexicon_columns: int,
    networks_from: int | None,
) -> Ensemble:
    """Learn from what a teacher makes of texts, and return the result with the first regression."""
    groups = rows.shape[1] - lexicon_columns
    seen = csr_array(vstack([others[:, :groups], *[rows[:, :groups]] * _LABEL_WEIGHT]))
    believed = np.concatenate(
        [expit(stretch * teacher.log_odds(others)), *[labels] * _LABEL_WEIGHT]
    )
    learned = fitted(seen, believed, _SELF_STRENGTH)
    weights = np.concatenate([learned.weights, np.zeros(lexicon_columns)])
    members = (teacher.members[0], Linear(weights, learned.bias))
    if networks_from is None or seen.shape[0] < _FEWEST_FOR_NETWORKS:
        return Ensemble(members)
    return Ensemble(
        members, (fitted_bag(seen, believed, networks_from, epochs=_SELF_EPOCHS),), 1.0 / 3.0
    )


def _loss(log_odds: FloatArray, labels: FloatArray) -> float:
    once = np.ones((1, len(labels)))
    calibrated = expit(platt(log_odds, labels).apply(log_odds))
    return float(log_loss(labels, calibrated, once)[0])
