"""Whether reviews are positive, on any file, compared with a lexicon and plain models of text.

usage: python benchmarks/bench_reviews.py --file FILE --text COLUMN[,COLUMN] --label COLUMN
           [--language en|zh] [--folds 5] [--train FILE] [--labels N] [--repeats 10]
           [--group COLUMN] [--encoder]

FILE is CSV or Parquet with a row a review. --label holds two values, such as 0 and 1, or ratings of
one to five stars. --train learns on another file of the same columns and judges on the whole of
FILE. --labels learns from so many labels alone, drawn anew --repeats times; the other texts of the
training folds are there without their labels. --encoder adds vectors of a sentence encoder, and
shows how much these add. docs/reviews.md says what each figure means.

Prints how the file was read, progress, a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.core.extras import MissingExtraError
from footfall.experiments.files.problems import ExperimentProblem
from footfall.reviews.files.labels import ReviewsProblem
from footfall.reviews.files.reading import LabelledReviews, read_reviews
from footfall.reviews.folds import folds_of
from footfall.reviews.judging import (
    MODELS,
    Judged,
    Task,
    figures,
    gain_in_accuracy,
    joined_folds,
    judged_on,
    without_encoder,
)
from footfall.reviews.sentence_vectors import Encoder, SentenceEncoder
from footfall.reviews.texts import CHINESE, ENGLISH, main_language

Figures = dict[str, dict[str, float]]
WITHOUT = "footfall_without_encoder"


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


def say_encoded(done: int, asked: int) -> None:
    """Print now and then how many texts have been encoded."""
    if done % 1_280 == 0 or done == asked:
        say(f"{done:,} of {asked:,} texts encoded ...")


def rows_of(reviews: LabelledReviews, rows: IntArray) -> list[list[str]]:
    """Return the texts of some reviews."""
    return [[column[row] for row in rows] for column in reviews.columns]


class Bench:
    """Models that are judged on reviews.

    Parameters
    ----------
    reviews
        That are judged.
    language
        Of their texts.
    encoder
        Makes vectors of texts; None to do without.
    """

    def __init__(self, reviews: LabelledReviews, language: str, encoder: Encoder | None) -> None:
        self.reviews = reviews
        self.language = language
        self.encoder = encoder
        self.models = {**MODELS, **({WITHOUT: without_encoder} if encoder else {})}
        # What the two models said of the same rows, and the labels of these.
        self.pairs: list[tuple[Judged, Judged, FloatArray]] = []

    def in_folds(self, folds: int) -> Figures:
        """Learn on all folds but one, judge on that one, and put the predictions together."""
        fold_of = dealt(self.reviews, folds)
        parts: dict[str, list[Judged]] = {name: [] for name in self.models}
        for fold in range(folds):
            say(f"fold {fold + 1} of {folds} ...")
            learning, judging = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            task = self.task_of(self.reviews, learning, learning[:0])
            for name, learn in self.models.items():
                parts[name].append(judged_on(learn(task), rows_of(self.reviews, judging)))
        joined = {name: joined_folds(some, fold_of) for name, some in parts.items()}
        return self.figures(joined, self.reviews.labels)

    def with_few_labels(self, folds: int, labels: int, repeats: int) -> Figures:
        """Learn from a few labels, judge on a fold apart, and return the means over repeats."""
        reviews = self.reviews
        fold_of = dealt(reviews, folds)
        found: list[Figures] = []
        for repeat in range(repeats):
            say(f"repeat {repeat + 1} of {repeats} ...")
            generator = np.random.default_rng(repeat)
            training = np.flatnonzero(fold_of != repeat % folds)
            if labels > len(training):
                raise ReviewsProblem(
                    f"LABELS is {labels}, and the training folds hold {len(training)}"
                )
            drawn = generator.choice(training, labels, replace=False)
            if len(set(reviews.labels[drawn])) < 2:
                raise ReviewsProblem(f"LABELS={labels} drew reviews of one class; draw more")
            judging = np.flatnonzero(fold_of == repeat % folds)
            if len(set(reviews.labels[judging])) < 2:
                raise ReviewsProblem(
                    f"GROUP: fold {repeat % folds + 1} holds reviews of one class; "
                    "ask for fewer folds"
                )
            task = self.task_of(reviews, drawn, np.setdiff1d(training, drawn))
            found.append(self.apart(task, judging))
        return {
            name: {
                figure: float(np.mean([one[name][figure] for one in found]))
                for figure in found[0][name]
            }
            for name in self.models
        }

    def apart(self, task: Task, judging: IntArray) -> Figures:
        """Judge each model on rows apart."""
        texts = rows_of(self.reviews, judging)
        judged = {name: judged_on(learn(task), texts) for name, learn in self.models.items()}
        return self.figures(judged, self.reviews.labels[judging])

    def task_of(self, reviews: LabelledReviews, rows: IntArray, others: IntArray) -> Task:
        """Return what a model may learn from."""
        texts, unlabelled = rows_of(reviews, rows), rows_of(reviews, others)
        return Task(texts, reviews.labels[rows], unlabelled, self.language, self.encoder)

    def figures(self, judged: Mapping[str, Judged], labels: FloatArray) -> Figures:
        """Return the figures of each model, and note what the encoder changed."""
        if self.encoder:
            self.pairs.append((judged["footfall"], judged[WITHOUT], labels))
        return {name: figures(one, labels) for name, one in judged.items()}

    def gain(self) -> dict[str, dict[str, float]]:
        """Return what the encoder adds to the accuracy; nothing without one."""
        if not self.encoder:
            return {}
        ours, other, labels = zip(*self.pairs, strict=True)
        found = gain_in_accuracy(ours, other, labels)
        say(
            f"The encoder adds {found.value:.4f} to the accuracy, 95 % interval "
            f"{found.lower:.4f} to {found.upper:.4f}."
        )
        return {"encoder": {"gain": found.value, "lower": found.lower, "upper": found.upper}}


def dealt(reviews: LabelledReviews, folds: int) -> IntArray:
    """Deal reviews to folds, or say why that cannot be done."""
    try:
        return folds_of(reviews.labels, folds, 0, reviews.groups)
    except ValueError as problem:
        raise ReviewsProblem(f"FOLDS: {problem}") from problem


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
    parser.add_argument("--encoder", action="store_true")
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
    bench = Bench(reviews, language, SentenceEncoder(say_encoded) if options.encoder else None)
    if options.train:
        learned = read_reviews(options.train, options.text, options.label)
        print_read(str(options.train), learned)
        everything = np.arange(len(learned))
        task = bench.task_of(learned, everything, everything[:0])
        found = bench.apart(task, np.arange(len(reviews)))
    elif options.labels:
        found = bench.with_few_labels(options.folds, options.labels, options.repeats)
    else:
        found = bench.in_folds(options.folds)
    print_figures(found)
    counts = {
        "rows": reviews.rows,
        "duplicates": reviews.duplicates,
        "conflicts": reviews.conflicts,
    }
    return {**counts, **bench.gain(), "models": found}


def main() -> None:
    """Print the figures, or what cannot be read."""
    options = options_of(None)
    try:
        answer = judge(options)
    except (ExperimentProblem, MissingExtraError) as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    print(json.dumps(answer, allow_nan=False))


if __name__ == "__main__":
    main()
