"""LightGBM without its wrappers for scikit-learn, which nobody here uses.

Where scikit-learn is installed, LightGBM imports it, and that takes twice as long as LightGBM
itself: a CPU-second of every build that scores anybody.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _not_installed(name: str) -> Iterator[None]:
    """Let imports of a package fail as where it is not installed, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    # What Python takes for "it was looked for, and there is none".
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


with _not_installed("sklearn"):
    import lightgbm

__all__ = ["lightgbm"]
