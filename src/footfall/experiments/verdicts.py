"""Which arm wins, if any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from footfall.evaluation.corrections import holm
from footfall.experiments.fixed import ALPHA
from footfall.experiments.reasons import Reason, because


@dataclass(frozen=True)
class Guardrail:
    """A metric that must not get worse by more than a margin.

    Attributes
    ----------
    metric
        Its name.
    lower, upper
        Interval of the difference to the control; None where undefined.
    margin
        Largest loss that is put up with, in the unit of the interval and not below 0.
    higher_is_better
        Direction of the metric.
    """

    metric: str
    lower: float | None
    upper: float | None
    margin: float
    higher_is_better: bool = True


@dataclass(frozen=True)
class Contender:
    """An arm that may win, on the primary metric.

    Attributes
    ----------
    arm
        Its name.
    difference
        To the control, on the primary metric; None where undefined.
    p
        Of the primary metric, before any correction; None where undefined.
    guardrails
        The other metrics that bound it.
    """

    arm: str
    difference: float | None
    p: float | None
    guardrails: Sequence[Guardrail] = ()


@dataclass(frozen=True)
class Winner:
    """The outcome of an experiment.

    Attributes
    ----------
    arm
        The arm that wins; None where no arm does.
    reasons
        Why each other contender does not, by arm.
    adjusted_p
        Holm's p of each contender, by arm; None where undefined.
    """

    arm: str | None
    reasons: Mapping[str, Reason]
    adjusted_p: Mapping[str, float | None]


def guardrail_holds(guardrail: Guardrail) -> bool:
    """Return whether the harmful end of the interval stays within the margin.

    An interval that is undefined holds nothing.
    """
    harmful = guardrail.lower if guardrail.higher_is_better else guardrail.upper
    if harmful is None:
        return False
    loss = -harmful if guardrail.higher_is_better else harmful
    return loss <= guardrail.margin


def winner(
    contenders: Sequence[Contender],
    *,
    health_passed: bool,
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Winner:
    """Find the arm that wins.

    It must be better on the primary metric after Holm's correction over the arms, the experiment
    must have passed all health checks, and no guardrail may pass its margin. Of several such
    arms the one with the largest effect wins.
    """
    sign = 1 if higher_is_better else -1
    adjusted = holm([one.p for one in contenders])
    reasons: dict[str, Reason] = {}
    standing: list[tuple[float, str]] = []
    for one, p in zip(contenders, adjusted, strict=True):
        broken = [each.metric for each in one.guardrails if not guardrail_holds(each)]
        if not health_passed:
            reasons[one.arm] = because("experiment.unhealthy")
        elif p is None or one.difference is None:
            reasons[one.arm] = because("experiment.primary_undefined")
        elif p >= alpha:
            reasons[one.arm] = because("experiment.no_difference")
        elif sign * one.difference <= 0:
            reasons[one.arm] = because("experiment.worse")
        elif broken:
            reasons[one.arm] = because("experiment.guardrail", metrics=", ".join(broken))
        else:
            standing.append((sign * one.difference, one.arm))
    best = max(standing, default=None)
    for _, arm in standing:
        if best is not None and arm != best[1]:
            reasons[arm] = because("experiment.less_than_best", arm=best[1])
    by_arm = {one.arm: p for one, p in zip(contenders, adjusted, strict=True)}
    return Winner(None if best is None else best[1], reasons, by_arm)
