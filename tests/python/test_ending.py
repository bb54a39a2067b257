"""What a build says last, where hooks cannot say it."""

from types import SimpleNamespace
from typing import Any

import pytest

from footfall.adapter.ending import Ending
from footfall.builds.failures import advice_on

pytestmark = pytest.mark.library


def event(name: str, level: str = "info", message: str = "") -> Any:
    return SimpleNamespace(info=SimpleNamespace(name=name, level=level, msg=message))


def test_a_run_that_breaks_off_says_that_nothing_was_published_and_what_to_do(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_PUBLISHED", str(tmp_path))
    said: list[str] = []
    ending = Ending("warehouse/shop.duckdb", said.append)
    # A command that builds nothing has nothing to say.
    ending.listen(event("CommandCompleted"))
    ending.begin()
    failed = "Out of Memory Error: could not allocate block of size 256.0 KiB (476.8 MiB used)"
    for _ in range(2):
        ending.listen(event("RunResultError", "error", failed))
    ending.listen(event("RunResultError", "error", "Parser Error: syntax error"))
    ending.listen(event("MainEncounteredError", "debug", "No space left on device"))
    assert said == []
    ending.listen(event("CommandCompleted"))
    nothing, advice = said
    assert nothing.strip() == (
        "Nothing published: the run broke off before its end. There is no publication in"
        f" {tmp_path}/shop.duckdb yet."
    )
    assert "FOOTFALL_MEMORY" in advice
    assert "FOOTFALL_THREADS" in advice
    assert "docs/limits.md" in advice

    said.clear()
    ending.begin()
    ending.publication_is_said()
    ending.listen(event("LogModelResult", "error", "IO Error: No space left on device"))
    ending.listen(event("CommandCompleted"))
    (advice,) = said
    assert "A disk is full" in advice


@pytest.mark.parametrize(
    "message",
    [
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 3.2 GiB for an array",
        "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    ],
)
def test_memory_that_models_lack_is_not_that_of_the_database(message: str) -> None:
    advice = advice_on(message)
    assert advice is not None
    assert "outside DuckDB" in advice
