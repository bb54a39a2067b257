"""What explaining recommendations takes and how exact a sample is: candidates are made up."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata

from footfall.ranking import COMPONENTS, SITUATION, Candidates
from footfall.ranking.contributions import contributions
from footfall.ranking.mixture import HIDDEN, Ranker
from footfall.recommender.recommend import SAMPLED_CANDIDATES

#: Places for candidates, the part of them that is taken, and how many are recommended.
WIDTH, TAKEN, SHOWN = 140, 0.75, 10
#: The part of candidates that a component says something of; of the others it says nothing.
SPOKEN = {"successors": 0.5, "neighbours": 0.6, "personal": 0.1}
WEIGHTS = np.array([0.4, 0.1, 0.0, 0.0, 0.2, 0.3], np.float32)
CUSTOMERS, REPEATS = 1024, 5


def made_up(count: int, seed: int) -> Candidates:
    """Return candidates of customers: gamma-distributed values, many of them 0."""
    draw = np.random.default_rng(seed)
    values = draw.gamma(0.3, size=(count, WIDTH, len(COMPONENTS))).astype(np.float32)
    for name, share in SPOKEN.items():
        values[:, :, COMPONENTS.index(name)] *= draw.random((count, WIDTH)) < share
    items = np.where(draw.random((count, WIDTH)) < TAKEN, np.arange(WIDTH), -1)
    values[items < 0] = 0.0
    values[:, :, 0] /= values[:, :, 0].sum(axis=1, keepdims=True)
    situation = draw.normal(size=(count, len(SITUATION))).astype(np.float32)
    return Candidates(*(torch.from_numpy(one) for one in (items, values, situation)))


def with_network(seed: int) -> Ranker:
    """Return a mixture whose network has weights by lot."""
    draw = np.random.default_rng(seed)
    width = len(COMPONENTS) + 1 + len(SITUATION)
    sizes = {"in_weight": (HIDDEN, width), "in_bias": (HIDDEN,), "out_weight": (HIDDEN,),
             "skip_weight": (width,), "mean": (width,)}  # fmt: skip
    network = {name: draw.normal(size=size, scale=0.3) for name, size in sizes.items()}
    network["scale"] = np.ones(width)
    return Ranker(WEIGHTS, {name: one.astype(np.float32) for name, one in network.items()})


def cost_of_recommendations(count: int) -> dict[str, dict[str, Any]]:
    """Return the CPU-seconds that so many customers take, by weights alone and with a network."""
    torch.set_num_threads(1)
    found: dict[str, dict[str, Any]] = {}
    asked = made_up(CUSTOMERS, seed=1)
    for name, ranker, sample in (
        ("weights alone", Ranker(WEIGHTS, {}), None),
        ("with a network", with_network(2), SAMPLED_CANDIDATES),
    ):
        scores = ranker(asked)
        place = scores.topk(SHOWN, 1).indices
        used = []
        for _ in range(REPEATS):
            started = time.process_time()
            ours = contributions(ranker, asked, scores, place, sample=sample)
            used.append(time.process_time() - started)
        one = found[name] = {"figure": float(np.median(used)) * count / CUSTOMERS}
        if sample is not None:
            exact = contributions(ranker, asked, scores, place)
            flat = [part.share.reshape(len(COMPONENTS), -1).T for part in (ours, exact)]
            ranks = [rankdata(part, axis=1) for part in flat]
            both = [np.corrcoef(*pair)[0, 1] for pair in zip(*ranks, strict=True)]
            one["rank_correlation_with_exact"] = float(np.mean(both))
            one["error"] = float(np.sqrt(np.square(flat[0] - flat[1]).max(axis=1).mean()))
            one["stated_error"] = float(np.sqrt(np.square(ours.error).mean()))
    return found
