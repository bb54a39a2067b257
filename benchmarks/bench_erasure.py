"""What erasing one person costs beyond the build that follows.

Builds the default shop, looks where a customer occurs (a dry run), erases them, and prints what was
read and found: seconds and CPU-seconds beyond the build, tables, columns and bytes. The customer is
one with more events than nine in ten. The last line is one JSON object.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parents[1]
_BEYOND = re.compile(r"([\d.]+) s and ([\d.]+) CPU-s beyond the build")


def run(
    command: list[str], environment: dict[str, str], customer: str | None = None
) -> tuple[float, float, str]:
    """Run a command in the project; return wall seconds, CPU-seconds and what it printed."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment if customer is None else {**environment, "FOOTFALL_CUSTOMER": customer},
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        said = f"{done.stdout[-4000:]}{done.stderr[-2000:]}"
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, cpu, done.stdout


def somebody(warehouse: Path) -> tuple[str, int, int]:
    """Return the raw id of a customer, the number of their events, and that of all raw events."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ((customer, count, whole),) = connection.execute(
            "with counts as (select customer_id, count(*) as events, row_number() over (order by"
            " count(*) desc, customer_id) as place, count(*) over () as customers"
            " from raw_storefront.events where customer_id is not null group by customer_id)"
            " select customer_id, events, (select count(*) from raw_storefront.events)"
            " from counts where place = customers // 10"
        ).fetchall()
    return str(customer), int(count), int(whole)


def main() -> None:
    """Build, erase, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="folder for the warehouse; it is left there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as temporary:
        folder = (options.keep or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        warehouse, key_file = folder / "shop.duckdb", folder / "secrets" / "shop.key"
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FOOTFALL_DB": str(warehouse),
            "FOOTFALL_PUBLISHED": str(folder / "published"),
            "FOOTFALL_KEY_FILE": str(key_file),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        variables = json.dumps({"storefront_customers": options.customers})
        build = ["dbt", "build", "--vars", variables, "--no-use-colors"]
        erase = [
            *(sys.executable, "-m", "footfall.privacy.erase"),
            *(f"--warehouse={warehouse}", f"--published={folder / 'published'}"),
        ]
        wall, cpu, _ = run(build, environment)
        print(f"first build: {wall:.1f} s, {cpu:.1f} CPU-s", flush=True)
        customer, events, all_events = somebody(warehouse)
        wall_dry, cpu_dry, _ = run([*erase, "--", *build], environment, customer)
        print(f"dry run: {wall_dry:.1f} s, {cpu_dry:.1f} CPU-s", flush=True)
        wall, cpu, said = run([*erase, "--confirm", "--", *build], environment, customer)
        beyond = _BEYOND.search(said)
        if beyond is None:
            raise SystemExit(f"the command does not say what it took:\n{said[-4000:]}")
        print(f"erasure with its build: {wall:.1f} s, {cpu:.1f} CPU-s\n")
        print(said[said.index("\nRequest ", said.index("The build that follows")) :].strip())
        journal = key_file.with_name("shop.erasures.jsonl").read_text(encoding="utf-8")
        proof = json.loads(journal.splitlines()[-1])
        print(
            json.dumps(
                {
                    "raw_events": all_events,
                    "events_of_the_person": events,
                    "dry_run_s": round(wall_dry, 1),
                    "dry_run_cpu_s": round(cpu_dry, 1),
                    "beyond_the_build_s": float(beyond.group(1)),
                    "beyond_the_build_cpu_s": float(beyond.group(2)),
                    **{name: proof[name] for name in proof if name.endswith("_count")},
                    "load_1_min": round(os.getloadavg()[0], 1),
                    "cores": os.cpu_count(),
                }
            )
        )


if __name__ == "__main__":
    main()
