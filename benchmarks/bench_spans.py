"""How exactly spans are found that name aspects, and whether they are praised.

usage: python benchmarks/bench_spans.py --train FILE --test FILE

Both are Parquet with a row a sentence: sentence, and spans, a list of structs of start, end and
polarity (a number below or above 0, or positive, negative, neutral, conflict). A span is right if
both of its ends are. docs/reviews.md says how spans are learned.

Prints counts, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from footfall.experiments.files.problems import ExperimentProblem
from footfall.reviews.files.marked import MarkedSentence, read_marked
from footfall.reviews.matching import Counts
from footfall.reviews.span_polarity import learn_span_polarity
from footfall.reviews.tagger import learn_tagger

Place = tuple[int, int]


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    return parser.parse_args(arguments)


def judge(options: argparse.Namespace) -> dict[str, float]:
    """Read, learn, find and print; return what the last line holds."""
    train, test = read_marked(options.train, "TRAIN"), read_marked(options.test, "TEST")
    for path, sentences in ((options.train, train), (options.test, test)):
        spans = sum(len(one.spans) for one in sentences)
        print(f"{path}: {len(sentences):,} sentences, {spans:,} spans")
    began = time.process_time()
    found = spans_found(train, test)
    tagged = time.process_time()
    right = polarities_right(train, test, found)
    print(
        f"Learned and tagged in {tagged - began:.1f} CPU-s, polarity in "
        f"{time.process_time() - tagged:.1f} CPU-s"
    )
    counts = Counts(0, 0, 0)
    for one, places in zip(test, found, strict=True):
        marked = {(span.start, span.end) for span in one.spans}
        counts += Counts(len(marked & set(places)), len(places), len(marked))
    return {**counts.figures(), **right}


def spans_found(
    train: Sequence[MarkedSentence], test: Sequence[MarkedSentence]
) -> list[list[Place]]:
    """Learn spans of some sentences and find those of others."""
    texts = [one.text for one in test]
    marked = [[(span.start, span.end) for span in one.spans] for one in train]
    tagger = learn_tagger([one.text for one in train], marked, texts)
    return [[(one.start, one.end) for one in of] for of in tagger.spans(texts)]


def polarities_right(
    train: Sequence[MarkedSentence], test: Sequence[MarkedSentence], found: Sequence[list[Place]]
) -> dict[str, float]:
    """Return the share of right polarities, of all marked spans and of those that were found."""
    learned = [(one.text, span) for one in train for span in one.spans]
    model = learn_span_polarity(
        [text for text, _ in learned],
        [(span.start, span.end) for _, span in learned],
        [span.polarity for _, span in learned],
    )
    asked = [(one.text, span) for one in test for span in one.spans]
    named = model.polarities(
        [text for text, _ in asked], [(span.start, span.end) for _, span in asked]
    )
    is_right = [name == span.polarity for name, (_, span) in zip(named, asked, strict=True)]
    is_found = [
        (span.start, span.end) in places
        for one, places in zip(test, found, strict=True)
        for span in one.spans
    ]
    both = [right for right, was_found in zip(is_right, is_found, strict=True) if was_found]
    return {
        "polarity": sum(is_right) / max(1, len(is_right)),
        "polarity_of_found": sum(both) / max(1, len(both)),
    }


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
