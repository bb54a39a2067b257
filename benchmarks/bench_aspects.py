"""What sentences of reviews speak of, on products whose labels are not learned from.

usage: python benchmarks/bench_aspects.py --file FILE

FILE is Parquet with a row a sentence: product, sentence, and aspects, a list of structs of aspect
and polarity. Each product in turn is left out: its labels judge, those of the others teach.
docs/reviews.md says what each figure means.

Prints a line for each product, a comparison with frequent nouns and with the list of aspects, and
as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.evaluation.score_metrics import accuracy, auc
from footfall.experiments.files.problems import ExperimentProblem
from footfall.reviews.files.marked import read_sentences
from footfall.reviews.learned_aspects import FoundAspect, Study, matched
from footfall.reviews.matching import (
    Counts,
    located,
    names_product,
    one_to_one,
    plain_aspect,
    product_level,
)
from footfall.reviews.proposals import proposed_aspects
from footfall.reviews.span_polarity import Place, SpanPolarity, learn_span_polarity
from footfall.reviews.texts import ENGLISH
from footfall.reviews.tokens import tokens_of

Figures = dict[str, float]
Example = tuple[str, Place, int]


@dataclass
class Tally:
    """Counts over products.

    Attributes
    ----------
    mention, exact
        Matches of sentences.
    products
        Figures of each product.
    gold, found
        Whether the polarity was right, of labels and of aspects that were found.
    truth, score
        Of sentences with labels of one sign: 1 for praise, and the log-odds.
    """

    mention: Counts = field(default_factory=lambda: Counts(0, 0, 0))
    exact: Counts = field(default_factory=lambda: Counts(0, 0, 0))
    products: list[Figures] = field(default_factory=list)
    gold: list[bool] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    truth: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)

    def product(self) -> Figures:
        """Return precision, recall and F1 as means over products."""
        return {name: mean_of([one[name] for one in self.products]) for name in self.products[0]}

    def sentence_polarity(self) -> Figures:
        """Return accuracy and AUC of sentences."""
        labels, scores = np.array(self.truth), np.array(self.score)
        if len(set(self.truth)) < 2:
            raise ExperimentProblem("FILE: sentences of one sign alone have no polarity to judge")
        once = np.ones((1, len(labels)))
        named: IntArray = (scores > 0).astype(np.int64)
        right: FloatArray = accuracy(labels.astype(np.int64), named, once)
        return {"accuracy": float(right[0]), "auc": float(auc(labels, scores, once)[0])}


def mean_of(values: Sequence[float | bool]) -> float:
    """Return the mean, 0 of nothing."""
    return float(np.mean(values)) if values else 0.0


def place_of(text: str, aspect: str) -> Place:
    """Return where an aspect first occurs in a sentence, None where its words do not."""
    return next(iter(located(tokens_of(text), aspect)), None)


def sign_of(signs: set[int]) -> int:
    """Return the only sign of a sentence, 0 where there are several or none."""
    return signs.pop() if len(signs) == 1 else 0


def examples_of(study: Study, numbers: Sequence[int]) -> list[Example]:
    """Return each label as a sentence, a place and a sign."""
    return [
        (study.sentences[number].text, place_of(study.sentences[number].text, aspect), sign)
        for number in numbers
        for aspect, sign in study.sentences[number].aspects
        if sign
    ]


def whole_sentences(study: Study, numbers: Sequence[int]) -> list[Example]:
    """Return each sentence whose labels have one sign."""
    chosen = [study.sentences[number] for number in numbers]
    found: list[Example] = [
        (one.text, None, sign_of({sign for _, sign in one.aspects})) for one in chosen
    ]
    return [one for one in found if one[2]]


def learned(examples: Sequence[Example]) -> SpanPolarity:
    """Learn polarities."""
    texts, places, signs = (list(part) for part in zip(*examples, strict=True))
    return learn_span_polarity(texts, places, signs)


def judge_product(study: Study, product: str, tally: Tally) -> Figures:
    """Find the aspects of a product from the labels of the others, and count what is right."""
    numbers = study.of(product)
    others = [one for name in study.products() if name != product for one in study.of(name)]
    found = study.without_labels_of(product)
    figures = product_level(found.terms, study.labels(product))
    tally.products.append(figures)
    for number, mentions in zip(numbers, found.mentions, strict=True):
        aspects, labels = [one.aspect for one in mentions], study.labels_of(number)
        tally.mention += matched(aspects, labels, exact=False)
        tally.exact += matched(aspects, labels, exact=True)
    of_spans = learned(examples_of(study, others))
    tally.gold += right_signs(of_spans, examples_of(study, numbers))
    tally.found += right_signs(of_spans, found_examples(study, numbers, found.mentions))
    of_sentences = learned(whole_sentences(study, others))
    held = whole_sentences(study, numbers)
    if held:
        scores = of_sentences.scores([one[0] for one in held], [None] * len(held))
        tally.score += [float(one) for one in scores[:, of_sentences.classes.index(1)]]
        tally.truth += [float(one[2] > 0) for one in held]
    return figures


def right_signs(model: SpanPolarity, examples: Sequence[Example]) -> list[bool]:
    """Return for each example whether its sign is known."""
    named = model.polarities([one[0] for one in examples], [one[1] for one in examples])
    return [name == one[2] for name, one in zip(named, examples, strict=True)]


def found_examples(
    study: Study, numbers: Sequence[int], mentions: Sequence[Sequence[FoundAspect]]
) -> list[Example]:
    """Return each found aspect that matches a label, with the sign of that label."""
    examples: list[Example] = []
    for number, found in zip(numbers, mentions, strict=True):
        one = study.sentences[number]
        labels = [(plain_aspect(aspect), sign) for aspect, sign in one.aspects if sign]
        kept = [(name, sign) for name, sign in labels if not names_product(name, one.product)]
        pairs = one_to_one([at.aspect for at in found], [name for name, _ in kept], exact=False)
        examples += [
            (one.text, (found[first].start, found[first].end), kept[second][1])
            for first, second in pairs
        ]
    return examples


def frequent(study: Study, product: str) -> Figures:
    """Return the figures of the plainest way: what is proposed without labels."""
    texts = [study.sentences[number].text for number in study.of(product)]
    proposed = [plain_aspect(one.term) for one in proposed_aspects(texts, ENGLISH)]
    kept = [term for term in proposed if term and not names_product(term, product)]
    return product_level(kept, study.labels(product))


def judge(path: Path) -> dict[str, Figures]:
    """Read, judge each product and print; return what the last line holds."""
    study = Study(read_sentences(path))
    signs = {sign for one in study.sentences for _, sign in one.aspects}
    if not signs >= {-1, 1}:
        raise ExperimentProblem(f"FILE: the aspects of {path} need polarities below and above 0")
    labels = Counter(name for one in study.products() for name in [one] * len(study.labels(one)))
    print(
        f"{path}: {len(study.sentences):,} sentences, {len(labels)} products with "
        f"{labels.total():,} labels that are not the product itself"
    )
    print(f"{'product':40s} precision  recall      f1   without labels: precision  recall")
    tally, plain = Tally(), Tally()
    for product in (name for name in study.products() if labels[name]):
        began = time.process_time()
        figures, simple = judge_product(study, product, tally), frequent(study, product)
        plain.products.append(simple)
        print(
            f"{product[:40]:40s}    {figures['precision']:.3f}   {figures['recall']:.3f}   "
            f"{figures['f1']:.3f}                    {simple['precision']:.3f}   "
            f"{simple['recall']:.3f}   {time.process_time() - began:5.1f} CPU-s",
            flush=True,
        )
    print("Proposed without labels, mean of products: " + json.dumps(plain.product()))
    return {
        "mention": tally.mention.figures(),
        "mention_exact": tally.exact.figures(),
        "product": tally.product(),
        "polarity": {"gold": mean_of(tally.gold), "found": mean_of(tally.found)},
        "sentence_polarity": tally.sentence_polarity(),
    }


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", type=Path, required=True)
    return parser.parse_args(arguments)


def main() -> None:
    """Print the figures, or what cannot be read."""
    options = options_of(None)
    try:
        answer = judge(options.file)
    except ExperimentProblem as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    print(json.dumps(answer, allow_nan=False))


if __name__ == "__main__":
    main()
