"""What a person wants to know when a build is over: marts, rows, scores, and what went wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from footfall.builds.shortfall import describe_shortfall

#: The folders of the marts in the order in which people read them; others come last.
_FOLDERS = (
    "journey",
    "experiments",
    "customers",
    "recommendation",
    "churn",
    "value",
    "intent",
    "risk",
    "reviews",
)
#: The metrics that lead for each score.
LEADING_METRICS = frozenset(
    {
        ("recommendations", "ndcg_10"),
        ("churn", "auc"),
        ("churn", "brier"),
        ("value", "mae"),
        ("value", "rmse"),
        ("value", "gini"),
        ("tier", "macro_f1"),
        ("intent", "auc"),
        ("risk", "auc"),
        ("risk", "average_precision"),
        ("reviews", "auc"),
        ("reviews", "macro_f1"),
    }
)
_LESS_IS_BETTER = frozenset({"mae", "rmse", "brier"})
#: The populations that lead, and what is added to the name of a score for them.
LEADING_POPULATIONS = {
    "all": "",
    "all items": "",
    "new items only": ", new items",
    "in session, after 3 events": " in session, after 3 events",
}
_SERVED = frozenset({"attention_scorer", "boosted_trees", "text_regression"})
#: What may become of a raw row, in the order of the row equation; the second list where any did.
_OUTCOMES = ("accepted", "duplicate", "superseded", "rejected", "erased", "expired")
_SELDOM = frozenset({"superseded", "erased", "expired"})


@dataclass(frozen=True)
class Measured:
    """A metric of a model at a cut-off, as `model_evaluation` has it.

    Attributes
    ----------
    score, population, metric, model
        What was measured, on whom, how, and of which model.
    horizon_days
        How far ahead the score looks.
    cutoff_date
        The cut-off as an ISO date.
    value
        None where it could not be measured.
    is_baseline
        Whether the model is one to compare with.
    """

    score: str
    population: str
    horizon_days: int
    metric: str
    cutoff_date: str
    model: str
    value: float | None
    is_baseline: bool

    @property
    def comparison(self) -> tuple[str, str, int, str]:
        """What models are compared on."""
        return self.score, self.population, self.horizon_days, self.metric


def describe_build(
    marts: Iterable[tuple[str, str, str]],
    accounting: Iterable[tuple[str, ...]],
    guests: Iterable[tuple[str, str, str]],
    values: Iterable[tuple[str, str, str, str, str | None, str]],
    unmet: Iterable[tuple[str | None, str | None]],
    restated: Iterable[tuple[str, str, str, str | None]],
    stale: Iterable[tuple[str, str, str]],
    scores: Iterable[Sequence[str | None]] | None,
    results: Sequence[Mapping[str, Any]],
    picked: Iterable[str] = (),
) -> list[str]:
    """Describe a build that is over.

    Parameters
    ----------
    marts
        Folder, name and number of rows of each.
    accounting
        Source, and the terms of the row equation: raw, accepted, duplicate, superseded, rejected,
        erased and expired rows.
    guests
        Source, number of orders without a customer or device, and what they brought net of refunds.
    values
        Source, entity, column, reason, examples and number of values that were not taken as they
        came.
    unmet
        At most one row: numbers of labels of fraud, and of verdicts of reviewers, that met no
        attempt to pay.
    restated
        Mart, number of rows of its past that this run restated, how many of them are gone, and the
        first date that they are of.
    stale
        Score, the first erasure of somebody whom its model may know, and when it has to be trained
        without them.
    scores
        The columns of `Measured` in their order, as texts; None where nothing is evaluated.
    results
        Id, name and status of what the build got to, and whether it was kept as it was.
    picked
        Sources of which rows are accounted for.

    Returns
    -------
    list of str
        The lines to print.
    """
    lines = [f"  Marts{'':38}rows", *_mart_lines(marts)]
    rows = {source: _accounting_line(source, *counts) for source, *counts in accounting}
    rows = {source: _no_rows_line(source) for source in picked} | rows
    if rows:
        lines += ["", *(line for _, line in sorted(rows.items()))]
    lines += [_guest_line(*one) for one in sorted(guests)]
    noted = sorted(values)
    if noted:
        lines += ["", "  Values not taken as they came (intermediate.int_value_accounting)"]
        lines += [_value_line(*one) for one in noted]
    lines += [line for one in unmet for line in _unmet_lines(*one)]
    changed = sorted(one for one in restated if int(one[1]))
    if changed:
        lines += ["", *(_restatement_line(*one) for one in changed)]
    lines += [_stale_line(*one) for one in sorted(stale)]
    kept = _kept_line(results)
    if kept is not None:
        lines += ["", kept]
    if scores is not None:
        lines += ["", *_score_lines([_measured(row) for row in scores])]
    shortfall = describe_shortfall(results)
    if shortfall is not None:
        lines += [
            "",
            f"  {shortfall}; the messages stand below. Marts that were not made are as the last run"
            " left them.",
        ]
    return lines


def _mart_lines(marts: Iterable[tuple[str, str, str]]) -> list[str]:
    places = {folder: place for place, folder in enumerate(_FOLDERS)}
    ordered = sorted(marts, key=lambda mart: (places.get(mart[0], len(places)), mart[1]))
    return [f"    {name:<30} {int(count):>12,}" for _, name, count in ordered]


def _accounting_line(source: str, *counts: str) -> str:
    raw, *terms = (int(count) for count in counts)
    named = zip(terms, _OUTCOMES, strict=True)
    shown = [f"{n:,} {name}" for n, name in named if n or name not in _SELDOM]
    return f"  Raw rows of {source}: {raw:,} = {' + '.join(shown)}"


def _no_rows_line(source: str) -> str:
    return (
        f"  Raw rows of {source}: none have been read, so the marts know nothing of it (`make"
        " inspect FILE=…` shows what a file holds)"
    )


def _guest_line(source: str, orders: str, amount: str) -> str:
    return (
        f"  Orders of nobody in {source}: {int(orders):,}, {float(amount):,.2f} net of refunds;"
        " they are part of order_lines and revenue, and of no session or customer"
    )


def _value_line(
    source: str, entity: str, column: str, reason: str, examples: str | None, count: str
) -> str:
    shown = f" ({examples})" if examples else ""
    return f"    {f'{source} {entity}.{column}':<42} {int(count):>9,}  {reason}{shown}"


def _unmet_lines(labels: str | None, verdicts: str | None) -> list[str]:
    counted = (
        (labels, "labels of fraud", "payment and no order"),
        (verdicts, "verdicts of reviewers", "attempt and no day"),
    )
    return [
        f"  Without effect on risk are {int(count):,} {what}: they name no {missed} that is there"
        " (risk_rules, docs/risk.md)"
        for count, what, missed in counted
        if count is not None and int(count)
    ]


def _restatement_line(mart: str, count: str, removed: str, first: str | None) -> str:
    return (
        f"  Late or withdrawn events restated {int(count):,} rows of {mart} at past dates"
        f" ({int(removed):,} of them are gone), from {first} on"
    )


def _stale_line(score: str, since: str, due: str) -> str:
    return (
        f"  The model of {score} may know somebody who was erased ({since[:10]}), and is trained"
        f" without them by the first build from {due[:16]} UTC on"
    )


def _kept_line(results: Iterable[Mapping[str, Any]]) -> str | None:
    kept = {"model": 0, "test": 0}
    tests = 0
    for result in results:
        kind = result["unique_id"].split(".", 1)[0]
        tests += kind == "test"
        if result["is_kept"]:
            kept[kind] += 1
    if not any(kept.values()):
        return None
    return (
        f"  Kept as they were: {kept['model']:,} tables, and {kept['test']:,} of {tests:,} tests,"
        " which had passed on what they read"
    )


def _measured(row: Sequence[str | None]) -> Measured:
    score, population, horizon, metric, cutoff, model, value, is_baseline = row
    return Measured(
        score=str(score),
        population=str(population),
        horizon_days=int(str(horizon)),
        metric=str(metric),
        cutoff_date=str(cutoff),
        model=str(model),
        value=None if value is None else float(value),
        is_baseline=is_baseline == "true",
    )


def _score_lines(measured: Iterable[Measured]) -> list[str]:
    """Compare each score by its leading metrics with the best baseline on the same customers."""
    leading = [
        one
        for one in measured
        if (one.score, one.metric) in LEADING_METRICS and one.population in LEADING_POPULATIONS
    ]
    newest: dict[tuple[str, str, int], str] = {}
    for one in leading:
        key = one.comparison[:3]
        newest[key] = max(one.cutoff_date, newest.get(key, ""))
    # Of several cut-offs the newest counts.
    leading = [one for one in leading if one.cutoff_date == newest[one.comparison[:3]]]
    best: dict[tuple[str, str, int, str], Measured] = {}
    for one in leading:
        if one.is_baseline and one.value is not None:
            standing = best.get(one.comparison)
            if standing is None or _is_better(one, standing):
                best[one.comparison] = one
    ours = sorted((one for one in leading if one.model in _SERVED), key=lambda one: one.comparison)
    if not ours:
        return ["  Scores: no horizon has closed yet, so there is nothing to judge them by."]
    head = "  Scores, judged on days they never saw                       ours    best baseline"
    return [
        f"{head} (brier, mae, rmse: less is better)",
        *(_score_line(one, best.get(one.comparison)) for one in ours),
    ]


def _is_better(one: Measured, other: Measured) -> bool:
    assert one.value is not None
    assert other.value is not None
    if one.metric in _LESS_IS_BETTER:
        return one.value < other.value
    return one.value > other.value


def _score_line(ours: Measured, best: Measured | None) -> str:
    name = ours.score
    if ours.horizon_days:
        name += f", {ours.horizon_days} d"
    name += LEADING_POPULATIONS[ours.population]
    baseline = f"{_number(best.value)}  {best.model}" if best is not None else f"{'none':>9}"
    return f"    {name:<36} {ours.metric:<17} {_number(ours.value)}  {baseline}"


def _number(value: float | None) -> str:
    return f"{'unknown':>9}" if value is None else f"{value:9.3f}"
