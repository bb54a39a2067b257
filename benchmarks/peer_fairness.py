"""What fairlearn makes of groups made up: run by the Python of an environment of its own.

    python -m venv peers
    peers/bin/pip install fairlearn
    peers/bin/python benchmarks/peer_fairness.py > tests/data/fairness/peers.json

Prints one JSON object: the versions and 20 cases, each with the figures of its groups, their
largest difference and their ratio. The people of a case are drawn from its number, here and in the
test.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

import numpy as np

CASES = 20


def people_of(case: int) -> dict[str, np.ndarray]:
    """Draw people: the group, score, outcome and decision of each."""
    rng = np.random.default_rng(case)
    groups = int(rng.integers(2, 7))
    count = int(rng.integers(500, 2_000)) * groups
    group = rng.choice(groups, count, p=rng.dirichlet(np.full(groups, 20.0)))
    # Scores of two digits have ties.
    score = np.round(rng.beta(2, 3, count), 2)
    label = (rng.random(count) < score * rng.uniform(0.6, 1, groups)[group]).astype(np.int64)
    return {"group": group, "score": score, "label": label, "picked": score >= 0.5}


def answers_of(people: dict[str, np.ndarray]) -> dict[str, Any]:
    """Ask fairlearn for each metric: by group, the largest difference and the ratio."""
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )
    from sklearn.metrics import precision_score, roc_auc_score

    asked = {
        "base_rate": (lambda label, _: label.mean(), "picked"),
        "selection_rate": (selection_rate, "picked"),
        "true_positive_rate": (true_positive_rate, "picked"),
        "false_positive_rate": (false_positive_rate, "picked"),
        "precision": (precision_score, "picked"),
        "auc": (roc_auc_score, "score"),
    }
    found = {}
    for metric, (function, predicted) in asked.items():
        frame = MetricFrame(
            metrics=function,
            y_true=people["label"],
            y_pred=people[predicted],
            sensitive_features=people["group"],
        )
        found[metric] = {
            "by_group": {str(name): float(value) for name, value in frame.by_group.items()},
            "difference": float(frame.difference(method="between_groups")),
            "ratio": float(frame.ratio(method="between_groups")),
        }
    return found


def main() -> None:
    """Draw, ask, print."""
    versions = {name: version(name) for name in ("fairlearn", "scikit-learn", "numpy")}
    cases = [answers_of(people_of(case)) for case in range(CASES)]
    json.dump({"versions": versions, "cases": cases}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
