"""The code that decides what a score learns, and what it answers."""

from footfall.core import fingerprints

#: The rooms that it is in. States of the encoder are data here.
CODE = ("core", "evaluation", "heads")


def code_fingerprint() -> str:
    """Return the digest of the source of these rooms."""
    return fingerprints.code_fingerprint(*CODE)
