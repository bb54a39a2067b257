"""sqlfluff, made to see how the parts of a file are nested once, not once for each of four rules.

Models that macros write are long, and this takes the larger part of the time that rules of layout
take. Rules make new sequences of the one that they are given, so what they find is the same.
"""

from sqlfluff.__main__ import cli
from sqlfluff.core import FluffConfig
from sqlfluff.core.parser import BaseSegment
from sqlfluff.utils.reflow.sequence import ReflowSequence

_anew = ReflowSequence.from_root
_last: list[tuple[BaseSegment, FluffConfig, ReflowSequence]] = []


def _from_root(root_segment: BaseSegment, config: FluffConfig) -> ReflowSequence:
    for root, settings, sequence in _last:
        if root is root_segment and settings is config:
            return sequence
    _last[:] = [(root_segment, config, _anew(root_segment, config))]
    return _last[0][2]


setattr(ReflowSequence, "from_root", staticmethod(_from_root))  # noqa: B010

if __name__ == "__main__":
    cli()
