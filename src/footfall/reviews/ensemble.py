"""Regressions and networks whose log-odds are averaged, from many labels or from few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import expit

from footfall.core.arrays import BoolArray, FloatArray, IntArray
from footfall.evaluation.score_metrics import log_loss
from footfall.heads.learners.calibration import PlattScaling, fit_platt
from footfall.reviews.bag import BagNetwork, fitted_bag
from footfall.reviews.linear import Linear, fitted, held_out

#: Weights of the data against the penalty that are tried, on groups and on vectors.
_STRENGTHS = (1.0, 4.0, 16.0)
_VECTOR_STRENGTHS = (0.003, 0.01, 0.03)
#: Parts of the networks and of vectors in the mean that are tried.
_SHARES = (0.0, 0.25, 0.5)
#: Rows below which a network has too little to learn from.
_FEWEST_FOR_NETWORKS = 1_000
#: Strengths of the two steps that learn from few labels.
_SEED_STRENGTH, _SELF_STRENGTH = 1.0, 1.0
_VECTOR_SEED_STRENGTH, _VECTOR_SELF_STRENGTH = 0.005, 0.01
#: Times that a network reads labels, and what other models believe.
_EPOCHS, _SELF_EPOCHS = 3, 2
#: A label counts as much as so many texts that were labelled by the models themselves.
_LABEL_WEIGHT = 5
#: A mean of models is less certain than each: its log-odds are stretched before it labels texts.
_STRETCH = 1.5


@dataclass(frozen=True)
class Rows:
    """Texts as models read them.

    Attributes
    ----------
    groups
        Groups of characters and words, then the columns of the lexicon;
        ``[texts, groups + lexicon]``.
    lexicon_columns
        How many columns at the end are the lexicon's.
    vectors
        Of an encoder; ``[texts, width]``. None without one.
    """

    groups: csr_array
    lexicon_columns: int
    vectors: csr_array | None = None

    def of(self, chosen: BoolArray) -> Rows:
        """Return some of the texts; ``chosen`` is ``[texts]``."""
        vectors = None if self.vectors is None else self.vectors[chosen]
        return Rows(self.groups[chosen], self.lexicon_columns, vectors)

    def without_lexicon(self) -> csr_array:
        """Return the groups alone; ``[texts, groups]``."""
        return self.groups[:, : self.groups.shape[1] - self.lexicon_columns]


@dataclass(frozen=True)
class Ensemble:
    """Models whose log-odds are averaged.

    Attributes
    ----------
    members
        Regressions on groups.
    networks
        On groups; there may be none.
    on_vectors
        Regressions on the vectors of an encoder; there may be none.
    network_share, vector_share
        The parts of the latter two in the mean; the rest is that of the members.
    """

    members: tuple[Linear, ...]
    networks: tuple[BagNetwork, ...] = ()
    on_vectors: tuple[Linear, ...] = ()
    network_share: float = 0.0
    vector_share: float = 0.0

    def log_odds(self, rows: Rows) -> FloatArray:
        """Return the log-odds of 1; ``[texts]``."""
        share = 1.0 - self.network_share - self.vector_share
        found = share * _mean(self.members, rows.groups)
        if self.networks:
            found = found + self.network_share * _mean(self.networks, rows.groups)
        if self.on_vectors and rows.vectors is not None:
            found = found + self.vector_share * _mean(self.on_vectors, rows.vectors)
        return found


def platt(log_odds: FloatArray, labels: FloatArray) -> PlattScaling:
    """Fit the calibration; reviews of one time are all that there is, so it is believed whole."""
    return fit_platt(log_odds, labels, slope_trust=1.0, level_trust=1.0)


def from_many(
    rows: Rows, labels: FloatArray, folds: IntArray, networks_from: int | None
) -> tuple[Ensemble, FloatArray]:
    """Learn from labels alone.

    Regressions learn from all rows, each network from all folds but one. Strengths and parts are
    those with the least loss on rows that were not learned from.

    Parameters
    ----------
    rows
        Of the texts.
    labels
        0 or 1; ``[texts]``.
    folds
        Of each text; ``[texts]``.
    networks_from
        Seed of the first network; None for no networks.

    Returns
    -------
    The models, and log-odds of each text by models that had not seen it; ``[texts]``.
    """
    member, found = _chosen(rows.groups, labels, folds, _STRENGTHS)
    networks: tuple[BagNetwork, ...] = ()
    network_share = vector_share = 0.0
    if networks_from is not None and len(labels) >= _FEWEST_FOR_NETWORKS:
        networks, deep = _networks(rows.groups, labels, folds, networks_from)
        network_share, found = _best_share(found, deep, labels)
    on_vectors: tuple[Linear, ...] = ()
    if rows.vectors is not None:
        regression, other = _chosen(rows.vectors, labels, folds, _VECTOR_STRENGTHS)
        vector_share, found = _best_share(found, other, labels)
        on_vectors = (regression,) if vector_share else ()
    network_share *= 1.0 - vector_share
    kept = networks if network_share else ()
    return Ensemble((member,), kept, on_vectors, network_share, vector_share), found


def from_few(rows: Rows, labels: FloatArray, others: Rows, networks_from: int | None) -> Ensemble:
    """Label texts with first models, and let others learn from these as well.

    The others see no lexicon: they have to find out what praise looks like beyond it. With networks
    or vectors this is done twice, and the second time all models label.

    Parameters
    ----------
    rows, labels
        Of texts with labels, 0 or 1; ``[texts]``.
    others
        Texts without.
    networks_from
        Seed of the first network; None for no networks.
    """
    first = Ensemble((fitted(rows.groups, labels, _SEED_STRENGTH),))
    if rows.vectors is not None:
        seed = fitted(rows.vectors, labels, _VECTOR_SEED_STRENGTH)
        first = Ensemble(first.members, (), (seed,), 0.0, 0.5)
    taught = _taught(first, 1.0, rows, labels, others, networks_from)
    if not taught.networks and not taught.on_vectors:
        return taught
    again = None if networks_from is None else networks_from + 1
    return _taught(taught, _STRETCH, rows, labels, others, again)


def _taught(
    teacher: Ensemble,
    stretch: float,
    rows: Rows,
    labels: FloatArray,
    others: Rows,
    networks_from: int | None,
) -> Ensemble:
    """Learn from what a teacher makes of texts, and return the result with the first regression."""
    seen = csr_array(vstack([others.without_lexicon(), *[rows.without_lexicon()] * _LABEL_WEIGHT]))
    believed = np.concatenate(
        [expit(stretch * teacher.log_odds(others)), *[labels] * _LABEL_WEIGHT]
    )
    learned = fitted(seen, believed, _SELF_STRENGTH)
    weights = np.concatenate([learned.weights, np.zeros(rows.lexicon_columns)])
    members = (teacher.members[0], Linear(weights, learned.bias))
    networks: tuple[BagNetwork, ...] = ()
    if networks_from is not None and seen.shape[0] >= _FEWEST_FOR_NETWORKS:
        networks = (fitted_bag(seen, believed, networks_from, epochs=_SELF_EPOCHS),)
    on_vectors: tuple[Linear, ...] = ()
    if rows.vectors is not None and others.vectors is not None:
        vectors = csr_array(vstack([others.vectors, *[rows.vectors] * _LABEL_WEIGHT]))
        on_vectors = (fitted(vectors, believed, _VECTOR_SELF_STRENGTH),)
    models = len(members) + len(networks) + len(on_vectors)
    return Ensemble(members, networks, on_vectors, len(networks) / models, len(on_vectors) / models)


def _mean(models: Sequence[Linear | BagNetwork], rows: csr_array) -> FloatArray:
    found: FloatArray = np.mean([model.log_odds(rows) for model in models], axis=0)
    return found


def _chosen(
    rows: csr_array, labels: FloatArray, folds: IntArray, strengths: Sequence[float]
) -> tuple[Linear, FloatArray]:
    """Fit with the best strength; the log-odds are of rows that were not learned from."""
    tried = [held_out(rows, labels, strength, folds) for strength in strengths]
    best = int(np.argmin([_loss(one, labels) for one in tried]))
    return fitted(rows, labels, strengths[best]), tried[best]


def _networks(
    rows: csr_array, labels: FloatArray, folds: IntArray, seed: int
) -> tuple[tuple[BagNetwork, ...], FloatArray]:
    """Fit a network without each fold; the log-odds are of rows that were not learned from."""
    found = np.empty(len(labels))
    networks: list[BagNetwork] = []
    for fold in np.unique(folds):
        held = folds == fold
        network = fitted_bag(rows[~held], labels[~held], seed + len(networks), epochs=_EPOCHS)
        found[held] = network.log_odds(rows[held])
        networks.append(network)
    return tuple(networks), found


def _best_share(one: FloatArray, other: FloatArray, labels: FloatArray) -> tuple[float, FloatArray]:
    """Return the part of the other log-odds that leaves the least loss, and the mean with it."""
    mixed = [(1.0 - share) * one + share * other for share in _SHARES]
    best = int(np.argmin([_loss(each, labels) for each in mixed]))
    return _SHARES[best], mixed[best]


def _loss(log_odds: FloatArray, labels: FloatArray) -> float:
    once = np.ones((1, len(labels)))
    calibrated = expit(platt(log_odds, labels).apply(log_odds))
    return float(log_loss(labels, calibrated, once)[0])
