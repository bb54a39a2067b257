"""What retentioneering takes for the same events: run by the Python of its own environment.

Reads a Parquet file with user_id, session_id, event and timestamp, makes an event stream of it and
asks for the transition graph, the funnel and the step matrix, as its users do. Prints one JSON
object: seconds and CPU-seconds of each step, peak memory in GiB, the funnel, and the transition
probabilities over sessions.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

# It sends usage figures over the network unless that is switched off.
os.environ["RETENTIONEERING_NO_TRACK"] = "1"

import pandas as pd
from retentioneering import Eventstream


def peak_gib() -> float:
    """The most memory so far. `getrusage` would give that of the process that started this one."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 2**20


def main() -> None:
    """Measure each step and print what came out."""
    events, *funnel = sys.argv[1:]
    spent: dict[str, tuple[float, float]] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        spent[step] = (
            round(time.perf_counter() - wall, 2),
            round(time.process_time() - cpu, 2),
        )
        return found

    columns = ["user_id", "session_id", "event", "timestamp"]
    stream = timed(
        "load",
        lambda: Eventstream(
            pd.read_parquet(events, columns=columns), {"path_cols": ["user_id", "session_id"]}
        ),
    )
    graph = timed("graph", lambda: stream.transition_graph_data("proba_out", path_col="session_id"))
    reached = timed("funnel", lambda: stream.funnel_data(funnel))
    timed("step matrix", lambda: stream.step_matrix_data(max_steps=10))
    # Ours shows dwell times as well; here they are two further graphs.
    for edge in ("time_median", "time_q95"):
        timed(edge, lambda edge=edge: stream.transition_graph_data(edge, path_col="session_id"))
    print(
        json.dumps(
            {
                "version": version("retentioneering"),
                "pandas": pd.__version__,
                "spent": spent,
                "peak_gib": peak_gib(),
                "funnel": [step["unique_paths"] for step in reached["steps"]],
                "probabilities": [
                    [before, after, float(graph.loc[before, after])]
                    for before in graph.index
                    for after in graph.columns
                    if graph.loc[before, after] > 0
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
