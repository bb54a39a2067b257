"""Exact Shapley values of small trees, looked up: each tree is worked out once for all customers.

The game is the path-dependent one (TreeSHAP; Lundberg et al. 2020, "From local explanations to
global understanding"): where a feature is not known, both branches are followed, weighted by how
many training rows took each. What a leaf adds then depends on a customer only through which of the
features on its path send them to it. As in Fast TreeSHAP (Yang 2021, "Fast TreeSHAP: accelerating
SHAP value computation for trees") all of these cases are worked out beforehand. Here the cases of
leaves that share their splits are added up as well, so that for a whole small tree a customer costs
a comparison a split and a look-up a feature. LightGBM's own `pred_contrib` walks all leaves anew
for everybody.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from footfall.core.arrays import BoolArray, FloatArray, IntArray

#: Leaves are gathered while they hang on at most so many splits: a table has 2 to their number of
#: columns. A leaf that alone hangs on more has a table of its own.
_MOST_SPLITS = 10
#: Rows that are looked up at a time: a tree takes a few bytes a row for each of its splits.
_ROWS_AT_ONCE = 20_000
#: Numbers of the cases of leaves that are worked out at a time, unless one tree alone has more.
_CASES_AT_ONCE = 500_000
#: Numbers that all tables of an ensemble hold at most, 128 MiB.
_MOST_NUMBERS = 1 << 24


@dataclass(frozen=True)
class _Split:
    feature: int
    threshold: float
    #: Whether an unknown value goes left.
    unknown_left: bool

    def goes_right(self, columns: FloatArray) -> BoolArray:
        """Return who goes right, of columns [features, rows]."""
        values = columns[self.feature]
        right: BoolArray = (
            values > self.threshold if self.unknown_left else ~(values <= self.threshold)
        )
        return right


@dataclass(frozen=True)
class _Step:
    """One turn on the way to a leaf: the split, where to, and the part of rows that took it."""

    split: int
    to_right: bool
    ratio: float


@dataclass(frozen=True)
class _Leaf:
    value: float
    steps: tuple[_Step, ...]


@dataclass(frozen=True)
class _Table:
    """What leaves add, by the case that a customer is.

    Attributes
    ----------
    splits
        Positions among the splits of the tree; the first is the lowest bit of a case.
    features
        Whose contributions these are.
    moved
        [features, cases].
    """

    splits: tuple[int, ...]
    features: tuple[int, ...]
    moved: FloatArray


@dataclass(frozen=True)
class _Tree:
    splits: tuple[_Split, ...]
    tables: tuple[_Table, ...]


class ShapleyTables:
    """Shapley values of an ensemble of numerical splits, worked out for all cases."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        """Take an ensemble as LightGBM's `Booster.dump_model` gives it."""
        read = [_read(tree["tree_structure"]) for tree in model["tree_info"]]
        #: The mean of the leaves over the training rows.
        self.base = float(sum(mean for _, _, mean in read))
        self._width = int(model["max_feature_idx"]) + 1
        self._trees = []
        for some in _in_batches([(splits, groups) for splits, groups, _ in read]):
            cases = _cases_of([(splits, leaf) for splits, groups in some for leaf in _all(groups)])
            self._trees += [
                _Tree(splits, tuple(_table(splits, group, cases) for group in groups))
                for splits, groups in some
            ]

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> ShapleyTables | None:
        """Return the tables of an ensemble; None where they would take too much memory.

        Parameters
        ----------
        model
            As LightGBM's `Booster.dump_model` gives it.
        """
        numbers = 0
        for tree in model["tree_info"]:
            splits, groups, _ = _read(tree["tree_structure"])
            for used in map(_used, groups):
                numbers += len({splits[split].feature for split in used}) << len(used)
        return cls(model) if numbers <= _MOST_NUMBERS else None

    def values(self, raw: FloatArray) -> FloatArray:
        """Return the Shapley value of each feature, float64 [rows, features].

        Parameters
        ----------
        raw
            Features, NaN where unknown, [rows, features].
        """
        found = np.zeros((self._width, len(raw)))
        for start in range(0, len(raw), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            self._look_up(np.ascontiguousarray(raw[some].T, dtype=np.float64), found[:, some])
        return found.T

    def _look_up(self, columns: FloatArray, found: FloatArray) -> None:
        """Add what all trees say of some rows to their values, both [features, rows]."""
        rows = columns.shape[1]
        part = np.empty(rows)
        for tree in self._trees:
            right = [split.goes_right(columns) for split in tree.splits]
            for table in tree.tables:
                case = np.zeros(rows, dtype=np.intp)
                for bit, split in enumerate(table.splits):
                    case += np.multiply(right[split], 1 << bit, dtype=np.intp)
                for feature, moved in zip(table.features, table.moved, strict=True):
                    # No case is out of reach: to clip is only the faster way to look up.
                    found[feature] += np.take(moved, case, out=part, mode="clip")


def _in_batches(
    trees: Sequence[tuple[tuple[_Split, ...], list[list[_Leaf]]]],
) -> Iterator[list[tuple[tuple[_Split, ...], list[list[_Leaf]]]]]:
    """Yield splits and groups of trees, as many at a time as have few cases together."""
    batch: list[tuple[tuple[_Split, ...], list[list[_Leaf]]]] = []
    numbers = 0
    for splits, groups in trees:
        widths = [len(_by_feature(splits, leaf)) for leaf in _all(groups)]
        own = sum(width << width for width in widths)
        if batch and numbers + own > _CASES_AT_ONCE:
            yield batch
            batch, numbers = [], 0
        batch.append((splits, groups))
        numbers += own
    if batch:
        yield batch


def _all(groups: Sequence[Sequence[_Leaf]]) -> Iterator[_Leaf]:
    return (leaf for group in groups for leaf in group)


def _read(root: Mapping[str, Any]) -> tuple[tuple[_Split, ...], list[list[_Leaf]], float]:
    """Return the splits of a tree, its leaves in groups that share splits, and its mean."""
    splits: list[_Split] = []
    groups: list[list[_Leaf]] = []

    def leaves_below(node: Mapping[str, Any], steps: tuple[_Step, ...]) -> tuple[list[_Leaf], int]:
        """Return the leaves that are not in a group yet, and how many splits are below."""
        if "leaf_value" in node:
            return [_Leaf(float(node["leaf_value"]), steps)], 0
        place = len(splits)
        splits.append(_split(node))
        sides = []
        for to_right, child in enumerate((node["left_child"], node["right_child"])):
            ratio = _rows(child) / _rows(node)
            sides.append(leaves_below(child, (*steps, _Step(place, bool(to_right), ratio))))
        below = 1 + sum(count for _, count in sides)
        if len(steps) + below <= _MOST_SPLITS:
            return sides[0][0] + sides[1][0], below
        groups.extend(leaves for leaves, _ in sides if leaves)
        return [], below

    last, _ = leaves_below(root, ())
    groups.extend([last] if last else [])
    if not splits:
        return (), [], last[0].value
    means = [leaf.value * math.prod(step.ratio for step in leaf.steps) for leaf in _all(groups)]
    return tuple(splits), groups, sum(means)


def _split(node: Mapping[str, Any]) -> _Split:
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise ValueError(
            f"a split by {node['decision_type']} with {node['missing_type']} as missing is not one "
            "that Footfall's trees make"
        )
    threshold = float(node["threshold"])
    # Where no value was unknown in training, LightGBM takes an unknown one for 0.
    unknown_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0.0
    return _Split(int(node["split_feature"]), threshold, bool(unknown_left))


def _rows(node: Mapping[str, Any]) -> int:
    return int(node["leaf_count"] if "leaf_value" in node else node["internal_count"])


def _by_feature(splits: Sequence[_Split], leaf: _Leaf) -> dict[int, list[_Step]]:
    """Return the steps to a leaf by their feature, in order of first use."""
    found: dict[int, list[_Step]] = defaultdict(list)
    for step in leaf.steps:
        found[splits[step.split].feature].append(step)
    return found


def _cases_of(
    leaves: Sequence[tuple[Sequence[_Split], _Leaf]],
) -> dict[int, FloatArray]:
    """Return what leaves add by case, [features of the path, cases], by the leaves' identity.

    A case says which features send a customer towards the leaf, the first one being the lowest bit.
    With met or not, o in {0, 1}, and the part r of training rows, a feature's value is the leaf
    times (o - r) times the integral over t from 0 to 1 of the product of o t + r (1 - t) over the
    other features: t is the chance of any of them to be known, and the integral over t of
    t^k (1 - t)^(n - k) is the weight that Shapley gives to k of n. Gauss and Legendre's points make
    the integral of a polynomial exact.
    """
    ratios: dict[int, list[tuple[_Leaf, list[float]]]] = defaultdict(list)
    for splits, leaf in leaves:
        parts = [
            math.prod(step.ratio for step in steps) for steps in _by_feature(splits, leaf).values()
        ]
        ratios[len(parts)].append((leaf, parts))
    found = {}
    for width, members in ratios.items():
        ratio = np.array([parts for _, parts in members])[:, None, :]
        value = np.array([leaf.value for leaf, _ in members])[:, None, None]
        met = _bits(width).T.astype(np.float64)
        weight = np.zeros((len(members), *met.shape))
        for point, share in zip(*_points((width + 1) // 2), strict=True):
            factors = met * point + ratio * (1.0 - point)
            weight += share * factors.prod(axis=2, keepdims=True) / factors
        moved = value * (met - ratio) * weight
        found.update({id(leaf): one.T for (leaf, _), one in zip(members, moved, strict=True)})
    return found


def _table(
    splits: Sequence[_Split], group: Sequence[_Leaf], cases: Mapping[int, FloatArray]
) -> _Table:
    """Add up what the leaves of a group contribute, by which splits send a customer right."""
    used = _used(group)
    features = tuple(sorted({splits[split].feature for split in used}))
    right = _bits(len(used))
    turns = {split: (~way, way) for split, way in zip(used, right, strict=True)}
    moved = np.zeros((len(features), right.shape[1]))
    for leaf in group:
        case = np.zeros(right.shape[1], dtype=np.intp)
        by_feature = _by_feature(splits, leaf)
        for bit, steps in enumerate(by_feature.values()):
            is_met = turns[steps[0].split][steps[0].to_right]
            for step in steps[1:]:
                is_met = is_met & turns[step.split][step.to_right]
            case += np.multiply(is_met, 1 << bit, dtype=np.intp)
        places = [features.index(feature) for feature in by_feature]
        moved[places] += cases[id(leaf)][:, case]
    return _Table(used, features, moved)


def _used(group: Sequence[_Leaf]) -> tuple[int, ...]:
    """Return the splits that the leaves of a group hang on."""
    return tuple(sorted({step.split for leaf in group for step in leaf.steps}))


@cache
def _bits(width: int) -> BoolArray:
    """Return all cases of so many bits, [bits, cases]."""
    case: IntArray = np.arange(1 << width)
    return (case[None, :] >> np.arange(width)[:, None] & 1).astype(bool)


@cache
def _points(count: int) -> tuple[FloatArray, FloatArray]:
    """Return points and weights that integrate polynomials from 0 to 1."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1.0) / 2.0, weights / 2.0
