"""What makes two runs of a score the same, so that the second need not be made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from footfall.core.fingerprints import combined_fingerprint


@dataclass(frozen=True)
class Identity:
    """All that decides the result of a run: equal identities give equal results.

    Attributes
    ----------
    code_fingerprint
        Digest of the source files that fit and apply the score.
    data_fingerprint
        Digest of the rows that the run reads.
    settings
        Settings that decide the result, as values that JSON can hold.
    device_type
        ``cpu`` or ``cuda``: the two round differently.
    """

    code_fingerprint: str
    data_fingerprint: str
    settings: Mapping[str, Any]
    device_type: str

    @property
    def fingerprint(self) -> str:
        """Return one digest (SHA-256, hex) of all of it."""
        settings = json.dumps(self.settings, sort_keys=True)
        return combined_fingerprint(
            self.code_fingerprint, self.data_fingerprint, settings, self.device_type
        )

    def stored(self) -> dict[str, Any]:
        """Return what a stored run says of its identity; ``is_of`` reads it again."""
        return {
            "code_fingerprint": self.code_fingerprint,
            "data_fingerprint": self.data_fingerprint,
            "settings": dict(self.settings),
            "device_type": self.device_type,
        }

    def is_of(self, run: Mapping[str, Any]) -> bool:
        """Return whether a stored run has this identity."""
        return all(run.get(name) == value for name, value in self.stored().items())
