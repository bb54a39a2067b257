"""The journey marts on copies of a public click stream, and retentioneering on the same events.

Reads `ecom.csv.gz` of the package retentioneering (Apache-2.0), copies its customers until there
are about as many events as asked, and builds the warehouse. The journey marts are built twice: with
as many dbt threads as the profile has, for the seconds that a user waits, and with one, for the
seconds and CPU-seconds of each model. Then retentioneering, installed from PyPI into an environment
of its own (`target/peers`), reads the same events and makes its transition graph, funnel and step
matrix. The transitions and the funnel of both are compared with each other and with a count of the
file without any SQL of ours. The last line is one JSON object.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from footfall.publishing.contents import text

# The models that only the journey marts need; what they build on is built first, and not counted.
MARTS = ["journey_funnel", "journey_transitions", "journey_paths", "journey_dropoffs"]
MARTS += ["journey_attribution", "journey_cohorts", "journey_pain_points", "journey_suggestions"]
BELOW = ["+int_stage_visits", "+sessions", "+int_customer_days", "+int_customers"]
ONE_THREAD = ("--threads", "1")
FUNNEL = ["catalog", "add_to_cart", "shipping_details", "payment_details", "purchase"]
PROJECT = Path(__file__).parents[1]
LOG = PROJECT / "tests" / "data" / "retentioneering" / "ecom.csv.gz"
PEER = "retentioneering==5.2.4"
PEER_STEPS = ("load", "graph", "funnel", "step matrix")
COLUMNS = {
    "customer_id": "user_id",
    "event_at": "timestamp",
    "event_type": "event",
    "session_hint": "session_id",
    "device": "platform",
    "channel": "acquisition_channel",
}


class Elapsed:
    """Collects seconds and CPU-seconds from the first node's start to the last one's end."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, float]] = []

    def __call__(self, event: Any) -> None:
        if event.info.name in ("NodeStart", "NodeFinished"):
            self._marks.append((time.perf_counter(), time.process_time()))

    @property
    def spent(self) -> tuple[float, float]:
        """Seconds and CPU-seconds so far."""
        (begun, begun_cpu), (ended, ended_cpu) = self._marks[0], self._marks[-1]
        return ended - begun, ended_cpu - begun_cpu


class NodeCosts:
    """Collects seconds and CPU-seconds of each node (dbt runs on one thread)."""

    def __init__(self) -> None:
        self.spent: dict[str, tuple[float, float]] = {}
        self._mark = (0.0, 0.0)

    def __call__(self, event: Any) -> None:
        now = (time.perf_counter(), time.process_time())
        if event.info.name == "NodeStart":
            self._mark = now
        elif event.info.name == "NodeFinished":
            name = event.data.node_info.node_name
            self.spent[name] = (now[0] - self._mark[0], now[1] - self._mark[1])


def copies_of(file: Path, wanted: int, events: Path) -> tuple[int, int]:
    """Write the log until there are about so many events; returns how often, and the rows.

    Each copy has customers and sessions of its own.

    Rows are numbered in the order of the file: the number settles the order within one second, as
    the file does.
    """
    with duckdb.connect() as connection:
        connection.execute(
            "create table log as select row_number() over () as row_no, *"
            f" from read_csv({text(str(file))}, parallel = false)"
        )
        ((log_rows,),) = connection.execute("select count(*) from log").fetchall()
        copies = max(1, round(wanted / log_rows))
        connection.execute(
            f"""
            copy (
                select * exclude (row_no, user_id, session_id),
                    row_no || '-' || copy_no as event_id,
                    row_no as sequence_no,
                    copy_no || '-' || user_id as user_id, copy_no || '-' || session_id as session_id
                from log cross join range({copies}) as copied(copy_no) order by copy_no, row_no
            ) to {text(str(events))} (format parquet)
            """
        )
        ((rows,),) = connection.execute(f"select count(*) from {text(str(events))}").fetchall()
    return copies, int(rows)


def build(
    listener: Callable[[Any], None],
    variables: dict[str, Any],
    select: Sequence[str],
    *options: str,
) -> None:
    """Build a selection; the listener hears dbt's events.

    Raises:
        RuntimeError: dbt did not succeed; names the nodes that failed.
    """
    outcome = dbtRunner(callbacks=[listener]).invoke(
        [
            *("build", "--vars", json.dumps(variables), "--quiet", *options),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--select", *select),
        ]
    )
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        failed = [row.node.name for row in outcome.result or [] if str(row.status) == "error"]
        raise RuntimeError(f"The build failed at {failed}: {outcome.exception}")


def funnel_by_sql(variables: dict[str, Any]) -> list[int]:
    """Visitors at each step of the funnel, by the macro `funnel_of`."""
    query = "{{ funnel_of(" + repr(FUNNEL) + ") }}"
    options = ["--vars", json.dumps(variables), "--quiet"]
    # dbt prints what it compiles.
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = dbtRunner().invoke(["compile", "--inline", query, *options])
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        raise RuntimeError(f"The funnel did not compile: {outcome.exception}")
    with duckdb.connect(os.environ["FOOTFALL_DB"], read_only=True) as connection:
        rows = connection.execute(outcome.result.results[0].node.compiled_code).fetchall()
    return [visitors for _, _, visitors, *_ in rows]


def counted(file: Path) -> tuple[Counter[tuple[str, str]], list[int]]:
    """Transitions within sessions and the funnel over users of one copy, by plain Python."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select user_id, session_id, event from"
            " (select row_number() over () as row_no, *"
            f" from read_csv({text(str(file))}, parallel = false))"
            " order by user_id, timestamp, row_no"
        ).fetchall()
    transitions: Counter[tuple[str, str]] = Counter()
    steps: dict[str, int] = {}
    before_user, before_session, before = "", "", ""
    for user, session, event in [*rows, ("", "", "")]:
        if (user, session) != (before_user, before_session):
            if before:
                transitions[before, "(end)"] += 1
            if event:
                transitions["(start)", event] += 1
        else:
            transitions[before, event] += 1
        before_user, before_session, before = user, session, event
        taken = steps.get(user, 0)
        if taken < len(FUNNEL) and event == FUNNEL[taken]:
            steps[user] = taken + 1
    return transitions, [sum(n > place for n in steps.values()) for place in range(len(FUNNEL))]


def peer_python() -> Path:
    """The Python of an environment that holds retentioneering; made on first use.

    Raises:
        SystemExit: it cannot be installed; shows pip's last lines.
    """
    folder = PROJECT / "target" / "peers" / PEER.replace("==", "-")
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if done.is_file():
        return python
    print(f"Installing {PEER} into {folder.relative_to(PROJECT)} (once) ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # pyarrow reads the Parquet file for pandas; retentioneering itself does not ask for it.
    outcome = subprocess.run([*pip, PEER, "pyarrow"], capture_output=True, text=True, check=False)
    if outcome.returncode:
        shutil.rmtree(folder)
        said = "\n".join(outcome.stderr.strip().splitlines()[-5:])
        raise SystemExit(
            f"{PEER} cannot be installed on Python {sys.version.split()[0]}:\n{said}\n"
            "Without it: ARGS=--no-peer measures the journey marts alone."
        )
    done.touch()
    return python


def measure_peer(python: Path, events: Path) -> dict[str, Any]:
    """What `peer_retentioneering.py` prints; threads are held to those of the warehouse.

    Raises:
        SystemExit: it failed; shows the last lines of the error.
    """
    outcome = subprocess.run(
        [
            str(python),
            str(PROJECT / "benchmarks" / "peer_retentioneering.py"),
            str(events),
            *FUNNEL,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        said = "\n".join(outcome.stderr.strip().splitlines()[-5:])
        raise SystemExit(f"{PEER} failed on these events (rc {outcome.returncode}):\n{said}")
    found: dict[str, Any] = json.loads(outcome.stdout.strip().splitlines()[-1])
    return found


def largest_difference(
    ours: dict[tuple[str, str], int], theirs: dict[tuple[str, str], int]
) -> float:
    """The largest difference between two transition matrices, as probabilities."""
    totals: list[Counter[str]] = []
    for matrix in (ours, theirs):
        total: Counter[str] = Counter()
        for (state, _), count in matrix.items():
            total[state] += count
        totals.append(total)
    return max(
        abs(
            ours.get(pair, 0) / max(1, totals[0][pair[0]])
            - theirs.get(pair, 0) / max(1, totals[1][pair[0]])
        )
        for pair in {*ours, *theirs}
    )


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=LOG, help="retentioneering's ecom.csv.gz")
    parser.add_argument("--events", type=int, default=2_000_000, help="about how many events")
    parser.add_argument("--no-peer", action="store_true", help="leave retentioneering out")
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        parser.error(
            f"{arguments.file} is no file: name ecom.csv.gz of the package retentioneering."
        )
    python = None if arguments.no_peer else peer_python()

    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.parquet"
        copies, rows = copies_of(arguments.file, arguments.events, events)
        os.environ["FOOTFALL_DB"] = str(Path(folder) / "bench_journey.duckdb")
        variables = {
            "footfall_source": "custom",
            "custom_events_path": str(events),
            "custom_columns": {"events": COLUMNS},
            "custom_vocabulary": "retentioneering",
        }
        print(f"{rows:,} events, {copies} copies: building ...", flush=True)
        below, journey, elapsed = NodeCosts(), NodeCosts(), Elapsed()
        build(below, variables, BELOW, *ONE_THREAD)
        above = [f"+{mart}" for mart in MARTS]
        build(elapsed, variables, above, "--exclude", *BELOW)
        build(journey, variables, above, "--full-refresh", *ONE_THREAD, "--exclude", *BELOW)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

        with duckdb.connect(os.environ["FOOTFALL_DB"], read_only=True) as connection:
            ours = {
                (from_state, to_state): count
                for from_state, to_state, count in connection.execute(
                    "select from_state, to_state, cast(sum(transition_count) as bigint)"
                    " from marts.journey_transitions"
                    " where level = 'event' and path_scope = 'within_session' group by all"
                ).fetchall()
            }
        funnel = funnel_by_sql(variables)
        if python:
            print(f"{PEER} on the same events ...", flush=True)
        peer = measure_peer(python, events) if python else None
    transitions, one_funnel = counted(arguments.file)
    expected = {pair: count * copies for pair, count in transitions.items()}
    expected_funnel = [visitors * copies for visitors in one_funnel]

    difference = largest_difference(ours, expected)
    seconds, cpu_seconds = elapsed.spent
    one_by_one = totals(journey.spent)
    below_seconds, below_cpu_seconds = totals(below.spent)
    print(f"\n{rows:,} events, {copies} copies, DuckDB {duckdb.__version__}\n")
    print(f"{'':<36}{'seconds':>10}{'CPU-s':>9}")
    for name, spent in journey.spent.items():
        print(f"  {name:<34}{spent[0]:10.2f}{spent[1]:9.2f}")
    print(f"  {'one after the other':<34}{one_by_one[0]:10.2f}{one_by_one[1]:9.2f}")
    print(f"  {'the journey, as it is built':<34}{seconds:10.2f}{cpu_seconds:9.2f}")
    print(f"  {'events, sessions (below it)':<34}{below_seconds:10.2f}{below_cpu_seconds:9.2f}")
    print(f"\nPeak memory of all builds: {peak:.2f} GiB")
    print(f"Largest difference of a transition probability from a count by hand: {difference}")
    print(f"Funnel over users ({' > '.join(FUNNEL)}): {funnel}, by hand {expected_funnel}")
    summary: dict[str, Any] = {
        "events": rows,
        "journey_s": round(seconds, 2),
        "journey_cpu_s": round(cpu_seconds, 2),
        "one_by_one_s": round(one_by_one[0], 2),
        "one_by_one_cpu_s": round(one_by_one[1], 2),
        "below_s": round(below_seconds, 2),
        "below_cpu_s": round(below_cpu_seconds, 2),
        "peak_gib": round(peak, 2),
        "transition_difference": difference,
        "funnel": funnel,
        "expected_funnel": expected_funnel,
        "duckdb": duckdb.__version__,
    }
    if peer:
        summary |= told_peer(peer, ours, elapsed.spent, totals(below.spent))
    print(json.dumps(summary))


def totals(spent: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """Seconds and CPU-seconds of all of them."""
    return sum(pair[0] for pair in spent.values()), sum(pair[1] for pair in spent.values())


def told_peer(
    peer: dict[str, Any],
    ours: dict[tuple[str, str], int],
    journey: tuple[float, float],
    below: tuple[float, float],
) -> dict[str, Any]:
    """Print the peer's table and the ratios; returns what of it belongs into the summary."""
    names = {"path_start": "(start)", "path_end": "(end)"}
    leaving: Counter[str] = Counter()
    for (state, _), count in ours.items():
        leaving[state] += count
    theirs = {
        (names.get(before, before), names.get(after, after)): probability
        for before, after, probability in peer["probabilities"]
    }
    difference = max(
        abs(theirs.get(pair, 0) - ours.get(pair, 0) / max(1, leaving[pair[0]]))
        for pair in {*ours, *theirs}
    )
    seconds, cpu_seconds = totals({step: peer["spent"][step] for step in PEER_STEPS})
    print(f"\nretentioneering {peer['version']}, pandas {peer['pandas']}")
    print(f"{'':<36}{'seconds':>10}{'CPU-s':>9}")
    for step in PEER_STEPS:
        wall, cpu = peer["spent"][step]
        print(f"  {step:<34}{wall:10.2f}{cpu:9.2f}")
    print(f"  {'in all':<34}{seconds:10.2f}{cpu_seconds:9.2f}")
    dwell = totals({step: peer["spent"][step] for step in ("time_median", "time_q95")})
    print(f"  {'and the graph by dwell':<34}{dwell[0]:10.2f}{dwell[1]:9.2f}")
    print(f"\nIts peak memory: {peer['peak_gib']:.2f} GiB; its funnel: {peer['funnel']}")
    print(f"Largest difference of a transition probability from ours: {difference}")
    ratio = (seconds / journey[0], cpu_seconds / journey[1])
    whole = (seconds / (journey[0] + below[0]), cpu_seconds / (journey[1] + below[1]))
    print(f"It takes {ratio[0]:.2f} times the seconds of all journey marts (CPU {ratio[1]:.2f});")
    print(
        f"with reading, checking and sessions of ours, {whole[0]:.2f} times (CPU {whole[1]:.2f})."
    )
    return {
        "retentioneering": peer["version"],
        "peer_s": round(seconds, 2),
        "peer_cpu_s": round(cpu_seconds, 2),
        "peer_peak_gib": round(peer["peak_gib"], 2),
        "peer_difference": difference,
        "peer_funnel": peer["funnel"],
        "ratio": round(ratio[0], 3),
        "cpu_ratio": round(ratio[1], 3),
        "ratio_with_below": round(whole[0], 3),
    }


if __name__ == "__main__":
    main()
