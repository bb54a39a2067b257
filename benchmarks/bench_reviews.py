"""Whether reviews are positive, on any file, compared with a lexicon and plain models of text.

usage: python benchmarks/bench_reviews.py --file FILE --text COLUMN[,COLUMN] --label COLUMN
           [--language en|zh] [--folds 5] [--train FILE] [--labels N] [--repeats 10]
           [--group COLUMN]

FILE is CSV or Parquet with a row a review. --label holds two values, such as 0 and 1, or ratings of
one to five stars. --train learns on another file of the same columns and judges on the whole of
FILE. --labels learns from so many labels alone, drawn anew --repeats times; the other texts of the
training folds are there without their labels. docs/reviews.md says what each figure means.

Prints how the file was read, progress, a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from footfall.core.arrays import IntArray
from footfall.experiments.files.problems import ExperimentProblem
from footfall.reviews.files.labels import ReviewsProblem
from footfall.reviews.files.reading import LabelledReviews, read_reviews
from footfall.reviews.folds import folds_of
from footfall.reviews.judging import MODELS, Judged, Task, figures, joined_folds, judged_on
from footfall.reviews.texts import CHINESE, ENGLISH, main_language

Figures = dict[str, dict[str, float]]


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def rows_of(reviews: LabelledReviews, rows: IntArray) -> list[list[str]]:
    """Return the texts of some reviews."""
    return [[column[row] for row in rows] for column in reviews.columns]


def in_folds(reviews: LabelledReviews, language: str, folds: int) -> Figures:
    """Learn on all folds but one, judge on that one, and put the predictions together."""
    fold_of = dealt(reviews, folds)
    parts: dict[str, list[Judged]] = {name: [] for name in MODELS}
    for fold in range(folds):
        say(f"fold {fold + 1} of {folds} ...")
        learning, judging = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        task = task_of(reviews, learning, learning[:0], language)
        for name, learn in MODELS.items():
            parts[name].append(judged_on(learn(task), rows_of(reviews, judging)))
    return {
        name: figures(joined_folds(some, fold_of), reviews.labels) for name, some in parts.items()
    }


def with_few_labels(
    reviews: LabelledReviews, language: str, folds: int, labels: int, repeats: int
) -> Figures:
    """Learn from a few labels, judge on a fold apart, and return the means over repeats."""
    fold_of = dealt(reviews, folds)
    found: list[Figures] = []
    for repeat in range(repeats):
        say(f"repeat {repeat + 1} of {repeats} ...")
        generator = np.random.default_rng(repeat)
        training = np.flatnonzero(fold_of != repeat % folds)
        if labels > len(training):
            raise ReviewsProblem(f"LABELS is {labels}, and the training folds hold {len(training)}")
        drawn = generator.choice(training, labels, replace=False)
        if len(set(reviews.labels[drawn])) < 2:
            raise ReviewsProblem(f"LABELS={labels} drew reviews of one class; draw more")
        task = task_of(reviews, drawn, np.setdiff1d(training, drawn), language)
        judging = np.flatnonzero(fold_of == repeat % folds)
        if len(set(reviews.labels[judging])) < 2:
            raise ReviewsProblem(
                f"GROUP: fold {repeat % folds + 1} holds reviews of one class; ask for fewer folds"
            )
        found.append(judged_apart(task, reviews, judging))
    return {
        name: {
            figure: float(np.mean([one[name][figure] for one in found]))
            for figure in found[0][name]
        }
        for name in MODELS
    }


def judged_apart(task: Task, reviews: LabelledReviews, judging: IntArray) -> Figures:
    """Judge each model on rows apart."""
    texts = rows_of(reviews, judging)
    return {
        name: figures(judged_on(learn(task), texts), reviews.labels[judging])
        for name, learn in MODELS.items()
    }


def dealt(reviews: LabelledReviews, folds: int) -> IntArray:
    """Deal reviews to folds, or say why that cannot be done."""
    try:
        return folds_of(reviews.labels, folds, 0, reviews.groups)
    except ValueError as problem:
        raise ReviewsProblem(f"FOLDS: {problem}") from problem


def task_of(reviews: LabelledReviews, rows: IntArray, others: IntArray, language: str) -> Task:
    """Return what a model may learn from."""
    return Task(rows_of(reviews, rows), reviews.labels[rows], rows_of(reviews, others), language)


def print_read(name: str, reviews: LabelledReviews) -> None:
    """Print how a file was read and what was left out."""
    print(f"{name}: {reviews.reading}")
    print(
        f"  {reviews.rows:,} rows, {len(reviews):,} different texts with a label, "
        f"{100 * reviews.labels.mean():.1f} % positive; left out: {reviews.duplicates:,} repeats, "
        f"{reviews.conflicts:,} rows whose text has both labels, {reviews.empty:,} without a text"
    )


def print_figures(found: Figures) -> None:
    """Print a line for each model."""
    names = list(next(iter(found.values())))
    print(f"\n{'':14s}" + "".join(f"{name:>18s}" for name in names))
    for model, of_model in found.items():
        print(f"{model:14s}" + "".join(f"{of_model[name]:18.4f}" for name in names))


def at_least(least: int) -> Any:
    """Return a reader of whole numbers from ``least`` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}' is no whole number from {least} on")
        return int(text)

    return read


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--language", choices=[ENGLISH, CHINESE])
    parser.add_argument("--folds", type=at_least(2), default=5)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--labels", type=at_least(2))
    parser.add_argument("--repeats", type=at_least(1), default=10)
    parser.add_argument("--group", default="")
    return parser.parse_args(arguments)


def judge(options: argparse.Namespace) -> dict[str, Any]:
    """Read, learn, judge and print; return what the last line holds."""
    reviews = read_reviews(options.file, options.text, options.label, options.group)
    print_read(str(options.file), reviews)
    language = options.language or main_language(
        [" ".join(row) for row in zip(*reviews.columns, strict=True)]
    )
    print(f"Language: {language}{'' if options.language else ', by the scripts of the letters'}")
    sys.stdout.flush()
    if options.train:
        learned = read_reviews(options.train, options.text, options.label)
        print_read(str(options.train), learned)
        everything = np.arange(len(learned))
        task = task_of(learned, everything, everything[:0], language)
        found = judged_apart(task, reviews, np.arange(len(reviews)))
    elif options.labels:
        found = with_few_labels(reviews, language, options.folds, options.labels, options.repeats)
    else:
        found = in_folds(reviews, language, options.folds)
    print_figures(found)
    counts = {
        "rows": reviews.rows,
        "duplicates": reviews.duplicates,
        "conflicts": reviews.conflicts,
    }
    return {**counts, "models": found}


def main() -> None:
    """Print the figures, or what cannot be read."""
    options = options_of(None)
    try:
        answer = judge(options)
    except ExperimentProblem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    print(json.dumps(answer, allow_nan=False))


if __name__ == "__main__":
    main()
