"""Splits by time: what is learned from, how long labels take, and what is tested."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from footfall.risk.problems import RiskProblem

#: Without dates the last fifth of the days is tested.
TESTED_SHARE = 0.2
DELAY = 7
TRAINING_DAYS = TEST_DAYS = 7
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Split:
    """A training window, a test window, and the days that labels take.

    Attributes
    ----------
    train_from, train_to
        First and last day of the training window. What is older may be learned from, too; a
        customer is known from frauds of this window or later.
    test_from, test_to
        First and last tested day.
    delay
        Days until the label of an attempt is known.
    by_label_times
        Whether the file's own times of labels say when a fraud is known, in place of the delay.
    """

    train_from: datetime.date
    train_to: datetime.date
    test_from: datetime.date
    test_to: datetime.date
    delay: int
    by_label_times: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the split as the last line of a benchmark shows it."""
        return {
            "train": [self.train_from.isoformat(), self.train_to.isoformat()],
            "delay_days": self.delay,
            "test": [self.test_from.isoformat(), self.test_to.isoformat()],
            "labels_known": "labelled_at" if self.by_label_times else "after the delay",
        }


def splits_of(
    first: datetime.date,
    last: datetime.date,
    *,
    starts: str = "",
    train: str = "",
    delay: str = "",
    test: str = "",
    has_label_times: bool = False,
) -> list[Split]:
    """Return the splits that options ask for, one unless there are several starts.

    Parameters
    ----------
    first, last
        Days of the first and the last attempt.
    starts
        First training days, separated by commas: 7 days of training, the delay, 7 days of test.
    train, test
        First and last day, separated by a comma.
    delay
        Days, a whole number; 7 where it is empty.
    has_label_times
        Whether the file says when labels were known.

    Raises
    ------
    RiskProblem
        When an option cannot be read, or asks for days that the file does not have.
    """
    days = delay_of(delay)
    by_times = has_label_times and not delay
    if starts:
        if train or test:
            raise RiskProblem("STARTS goes with neither TRAIN nor TEST: leave them out")
        found = []
        for text in starts.split(","):
            start = _date("STARTS", text)
            test_from = start + (TRAINING_DAYS + days) * _DAY
            found.append(
                Split(
                    start,
                    start + (TRAINING_DAYS - 1) * _DAY,
                    test_from,
                    test_from + (TEST_DAYS - 1) * _DAY,
                    days,
                    by_times,
                )
            )
    elif train and test:
        one = Split(*_span("TRAIN", train), *_span("TEST", test), days, by_times)
        found = [one]
    elif train or test:
        missing = "TEST" if train else "TRAIN"
        raise RiskProblem(f"{missing} is missing: TRAIN and TEST go together, as from,to each")
    else:
        span = (last - first).days + 1
        tested = max(1, round(TESTED_SHARE * span))
        test_from = last - (tested - 1) * _DAY
        found = [Split(first, test_from - _DAY, test_from, last, days, by_times)]
    for split in found:
        _check(split, first, last)
    return found


def _check(split: Split, first: datetime.date, last: datetime.date) -> None:
    where = f"the file has {first} to {last}"
    if split.train_to >= split.test_from:
        raise RiskProblem(
            f"training ends on {split.train_to}, and the test begins on {split.test_from}: TEST "
            f"must begin later ({where})"
        )
    if split.train_to < first or split.train_from > last:
        raise RiskProblem(f"no attempt is in TRAIN {split.train_from},{split.train_to}: {where}")
    if split.test_from > last or split.test_to < first:
        raise RiskProblem(f"no attempt is in TEST {split.test_from},{split.test_to}: {where}")
    closed_until = split.test_from - split.delay * _DAY
    if not split.by_label_times and closed_until <= first:
        raise RiskProblem(
            f"with a delay of {split.delay} days no label is known on {split.test_from}: give a "
            f"shorter DELAY or a later TEST ({where})"
        )


def delay_of(text: str) -> int:
    """Return the days that DELAY says; raises RiskProblem where it is no whole number of days."""
    if not text:
        return DELAY
    if not text.isascii() or not text.isdigit() or int(text) > 365:
        raise RiskProblem(f"DELAY is '{text}': it takes whole days from 0 to 365")
    return int(text)


def _date(name: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        raise RiskProblem(f"{name} has '{text.strip()}': write days such as 2018-07-25") from None


def _span(name: str, text: str) -> tuple[datetime.date, datetime.date]:
    parts = text.split(",")
    if len(parts) != 2:
        raise RiskProblem(f"{name} is '{text}': it takes a first and a last day, from,to")
    first, last = (_date(name, part) for part in parts)
    if last < first:
        raise RiskProblem(f"{name} is '{text}': the last day lies before the first")
    return first, last
