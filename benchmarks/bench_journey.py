"""The journey marts on copies of a public click stream: what they cost, and whether they are right.

Reads `ecom.csv.gz` of the package retentioneering (Apache-2.0), copies its customers as often as
asked, builds the warehouse with one dbt thread and prints seconds and CPU-seconds of each journey
model. Then it counts the transitions of the file and follows its funnel without any of our SQL, and
prints the largest difference. The last line is one JSON object.
"""

import argparse
import contextlib
import io
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

# The models that only the journey marts need; what they stand on is built first, and not counted.
MARTS = ["journey_funnel", "journey_transitions", "journey_paths", "journey_dropoffs"]
MARTS += ["journey_attribution"]
BELOW = ["+int_stage_visits", "+sessions"]
FUNNEL = ["catalog", "add_to_cart", "shipping_details", "payment_details", "purchase"]
LOG = Path(__file__).parents[1] / "tests" / "data" / "retentioneering" / "ecom.csv.gz"
COLUMNS = {
    "customer_id": "user_id",
    "event_at": "timestamp",
    "event_type": "event",
    "session_hint": "session_id",
    "device": "platform",
    "channel": "acquisition_channel",
}


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


def copies_of(file: Path, copies: int, events: Path) -> int:
    """Write the log as often as asked, with customers of its own each time; returns its rows.

    Rows are numbered in the order of the file: the number is the event's id, and settles the order
    within one second as the file does.
    """
    with duckdb.connect() as connection:
        connection.execute(
            "create table log as select row_number() over () as row_no, *"
            f" from read_csv('{file}', parallel = false)"
        )
        connection.execute(
            f"""
            copy (
                select * exclude (row_no, user_id, session_id),
                    lpad(cast(row_no as varchar), 6, '0') || '-' || copy_no as event_id,
                    copy_no || '-' || user_id as user_id, copy_no || '-' || session_id as session_id
                from log cross join range({copies}) as copied(copy_no) order by copy_no, row_no
            ) to '{events}' (format parquet)
            """
        )
        ((rows,),) = connection.execute(f"select count(*) from '{events}'").fetchall()
    return int(rows)


def build(costs: NodeCosts, variables: dict[str, Any], select: Sequence[str]) -> None:
    """Build a selection.

    Raises:
        RuntimeError: dbt did not succeed; names the nodes that failed.
    """
    options = ["--vars", json.dumps(variables), "--threads", "1", "--quiet"]
    runner = dbtRunner(callbacks=[costs])
    outcome = runner.invoke(
        [
            *("build", *options, "--exclude-resource-type", "test"),
            *("--exclude-resource-type", "unit_test", "--select", *select),
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


def counted(events: Path) -> tuple[Counter[tuple[str, str]], list[int]]:
    """Transitions within sessions and the ordered funnel over users, by plain Python."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select user_id, session_id, event from '{events}'"
            " order by user_id, timestamp, event_id"
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
    parser.add_argument("--copies", type=int, default=64, help="how often the log is copied")
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        parser.error(
            f"{arguments.file} is no file: name ecom.csv.gz of the package retentioneering."
        )

    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.parquet"
        rows = copies_of(arguments.file, arguments.copies, events)
        os.environ["FOOTFALL_DB"] = str(Path(folder) / "bench_journey.duckdb")
        variables = {
            "footfall_source": "custom",
            "custom_events_path": str(events),
            "custom_columns": {"events": COLUMNS},
        }
        costs = NodeCosts()
        build(costs, variables, BELOW)
        below = dict(costs.spent)
        costs.spent.clear()
        build(costs, variables, [f"+{mart}" for mart in MARTS])
        journey = {name: spent for name, spent in costs.spent.items() if name not in below}

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
        theirs, expected_funnel = counted(events)

    difference = largest_difference(ours, theirs)
    seconds = sum(spent[0] for spent in journey.values())
    cpu_seconds = sum(spent[1] for spent in journey.values())
    print(f"\n{rows:,} events, {arguments.copies} copies, DuckDB {duckdb.__version__}\n")
    print("Seconds and CPU-seconds by model (what lies below the journey is built before):")
    for name, spent in journey.items():
        print(f"  {name:<28}{spent[0]:8.2f}{spent[1]:8.2f}")
    print(f"  {'in all':<28}{seconds:8.2f}{cpu_seconds:8.2f}")
    print(f"\nLargest difference of a transition probability: {difference}")
    print(f"Funnel over users ({' > '.join(FUNNEL)}): {funnel}, by hand {expected_funnel}")
    print(
        json.dumps(
            {
                "events": rows,
                "journey_s": round(seconds, 2),
                "journey_cpu_s": round(cpu_seconds, 2),
                "below_cpu_s": round(sum(spent[1] for spent in below.values()), 2),
                "transition_difference": difference,
                "funnel": funnel,
                "expected_funnel": expected_funnel,
                "duckdb": duckdb.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
