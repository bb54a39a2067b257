"""How long the first steps take, in a fresh clone: environment, build, second build and tests.

Between them are builds that must be refused: a wrong header, an unknown event name, a wrong var.

Clones the committed state into a temporary folder and runs the commands of the README there, with a
virtual environment of its own. The last line is one JSON object.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
STEPS = {
    "env": ["env"],
    "build": ["build"],
    "second_build": ["build"],
    "wrong_header": ["build", "SOURCE=custom", "EVENTS=wrong_header.csv"],
    "unknown_name": ["build", "SOURCE=custom", "EVENTS=unknown_name.csv"],
    "wrong_var": ["build", "SOURCE=custom", "EVENTS=unknown_name.csv", "MAPPING=wrong_var.yml"],
    "test": ["test"],
}
#: What must stop a build, in CPU-seconds; other limits are seconds.
REFUSED = {"wrong_header": 5, "unknown_name": 5, "wrong_var": 5}
LIMITS = {"build": 240, "second_build": 20, **REFUSED, "test": 900}
FILES = {
    "wrong_header.csv": "customer,event_at,event_type\nc1,2024-03-04 10:00:00,view\n",
    "unknown_name.csv": "customer_id,event_at,event_type\nc1,2024-03-04 10:00:00,gaze\n",
    "wrong_var.yml": "custom_colums: {}\n",
}


def main() -> None:
    """Run the steps and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without-tests", action="store_true", help="leave out `make test`")
    arguments = parser.parse_args()
    # A clone of its own: nothing of the caller's environment may leak into it.
    kept = (
        "PYTHONPATH",
        "FOOTFALL_DB",
        "FOOTFALL_PUBLISHED",
        "FOOTFALL_PUBLISH_POSTGRES",
        "DBT_PROFILES_DIR",
        "VIRTUAL_ENV",
        "MAKEFLAGS",
        "MAKELEVEL",
    )
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    times: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
        for name, text in FILES.items():
            (clone / name).write_text(text, encoding="utf-8")
        for step, command in STEPS.items():
            if step == "test" and arguments.without_tests:
                continue
            started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            run = subprocess.run(["make", *command], cwd=clone, env=environment, check=False)
            if (run.returncode != 0) != (step in REFUSED):
                raise SystemExit(f"make {' '.join(command)} ended with {run.returncode}.")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times[step] = {
                "s": round(time.perf_counter() - started, 1),
                "cpu_s": round(
                    after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1
                ),
            }
    load = os.getloadavg()[2]
    print(f"\n{'step':<16}{'seconds':>9}{'CPU-s':>9}{'limit':>9}   load (15 min) {load:.1f}")
    for step, spent in times.items():
        print(f"{step:<16}{spent['s']:>9.1f}{spent['cpu_s']:>9.1f}{LIMITS.get(step, ''):>9}")
    print(json.dumps({**times, "load_15_min": round(load, 1), "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
