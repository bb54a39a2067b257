"""What of a build did not succeed, in the words used wherever that is reported."""

from collections.abc import Mapping, Sequence

_GOOD = frozenset({"success", "pass", "warn", "no-op"})


def describe_shortfall(results: Sequence[Mapping[str, str]]) -> str | None:
    """Count what failed and what was skipped.

    Parameters
    ----------
    results
        One entry a model, seed or test that the build got to, in the order in which they ended,
        with its `name` and its `status`, as dbt calls it.

    Returns
    -------
    str or None
        A sentence without its full stop; None where everything succeeded.
    """
    skipped = [each["name"] for each in results if each["status"] == "skipped"]
    failed = [each["name"] for each in results if each["status"] not in _GOOD | {"skipped"}]
    parts = []
    if failed:
        first = " first" if len(failed) > 1 else ""
        parts.append(f"{len(failed)} failed ({failed[0]}{first})")
    if skipped:
        parts.append(f"{len(skipped)} skipped")
    if not parts:
        return None
    return f"Of {len(results)} models, seeds and tests {' and '.join(parts)}"
